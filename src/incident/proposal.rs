//! A proposal's life: the table of transitions, and what each brings with it.

use super::state::Step;
use super::{attempts, deadline, exclusion, expiry, landing, merging, offering};
use crate::domain::action::{Action, Outcome};
use crate::domain::effect::{Effect, Lookup, Order};
use crate::domain::escalation::HELD;
use crate::domain::event::Timer;
use crate::domain::gathering::Gathering;
use crate::domain::ids::{Digest, ProposalId};
use crate::domain::incident::{PROPOSALS_KEPT, Proposal, ProposalState, Proposer, ReplyTo};
use crate::domain::intent::Wish;
use crate::domain::journal::Note;
use crate::domain::plan::Plan;
use crate::domain::time::MINUTE_MS;
use crate::policy::{self, Decision, Verdict};
use crate::remedies;

/// When to look for a re-run that was not reported.
pub const WATCH_MS: i64 = 10 * MINUTE_MS;

/// What can happen to a proposal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    Refuse(Vec<String>),
    NeedsApproval,
    MustWait,
    Go,
    Quorum,
    RunEnded,
    Reject(String),
    Cancel(String),
    /// By this person, while an agent is at work.
    Stop(String),
    /// By this person, for a proposal that is done.
    Undo(String),
    TimeUp,
    StepDone,
    StepFailed(String),
    /// It plans its next step by itself.
    Again,
    /// Nothing is left to do.
    Found,
    /// It ends without an outcome.
    GaveUp(String),
}

/// The table. `steps` is the plan's length. `None`: the input does not apply in this state.
#[must_use]
#[allow(clippy::match_same_arms, reason = "a table has one row a line")]
pub fn next(state: &ProposalState, input: &Input, steps: usize) -> Option<ProposalState> {
    use Input as I;
    use ProposalState as S;
    Some(match (state, input) {
        (S::Planning, I::Refuse(why)) => S::Refused { why: why.clone() },
        (S::Planning, I::NeedsApproval) => S::Awaiting,
        (S::Planning, I::MustWait) => S::Waiting,
        (S::Planning, I::Found) => S::Done,
        (S::Planning, I::GaveUp(why)) => S::Failed { why: why.clone() },
        (S::Planning, I::Go) if steps == 0 => S::Done,
        (S::Planning, I::Go) => S::Running { step: 0 },
        (S::Awaiting, I::Quorum) | (S::Waiting, I::RunEnded) => S::Planning,
        (S::Awaiting, I::Reject(by)) => S::Rejected { by: by.clone() },
        (S::Planning | S::Awaiting | S::Waiting, I::Cancel(by)) => S::Cancelled { by: by.clone() },
        (S::Running { .. }, I::Stop(by)) => S::Cancelled { by: by.clone() },
        (S::Awaiting | S::Waiting, I::TimeUp) => S::Expired,
        (S::Running { step }, I::StepDone) if step + 1 >= steps => S::Done,
        (S::Running { step }, I::StepDone) => S::Running { step: step + 1 },
        (S::Running { step: 0 }, I::StepFailed(why)) => S::Failed { why: why.clone() },
        // The step may be half done; its undo finds out.
        (S::Running { step }, I::StepFailed(why)) => S::Undoing { step: *step, why: why.clone(), by: None },
        (S::Done, I::Again) => S::Planning,
        (S::Done, I::Undo(by)) if steps > 0 => {
            S::Undoing { step: steps - 1, why: format!("requested by {by}"), by: Some(by.clone()) }
        }
        (S::Undoing { step: 0, why, by }, I::StepDone) => S::Undone { why: why.clone(), by: by.clone() },
        (S::Undoing { step, why, by }, I::StepDone) => S::Undoing { step: step - 1, why: why.clone(), by: by.clone() },
        (S::Undoing { why, .. }, I::StepFailed(more)) => S::Failed { why: format!("{why}; the undo failed: {more}") },
        _ => return None,
    })
}

/// What a new proposal starts from.
pub struct Opening {
    pub wish: Wish,
    pub force: bool,
    pub dry_run: bool,
    pub by: Proposer,
    pub reply: Option<ReplyTo>,
    pub seen: Option<Digest>,
}

pub fn open(step: &mut Step<'_>, opening: Opening) {
    let incident = &mut step.incident;
    let help = policy::chance(incident, opening.wish.remedy());
    incident.proposed += 1;
    let id = ProposalId { incident: incident.no, n: incident.proposed };
    incident.proposals.push(Proposal {
        id,
        remedy: opening.wish.remedy().into(),
        wish: opening.wish,
        force: opening.force,
        dry_run: opening.dry_run,
        by: opening.by,
        reply: opening.reply,
        seen: opening.seen,
        plan: None,
        quorum: 0,
        approvals: Vec::new(),
        state: ProposalState::Planning,
        help,
        waits_for: None,
        attempts: Vec::new(),
        merging: None,
        ended: None,
        undo: None,
        made: Vec::new(),
        created_at: step.now,
        expires_at: None,
        gathering: Gathering::default(),
    });
    if incident.proposals.len() > PROPOSALS_KEPT {
        let over = |p: &Proposal| p.dry_run || !p.state.is_active();
        // What expires is needed until then, and the issue is not to be opened twice.
        let issue = |p: &Proposal| matches!(p.wish, Wish::Issue { .. }) && p.state == ProposalState::Done;
        let spare = |p: &Proposal| over(p) && !expiry::is_to_end(incident, p.id.n) && !issue(p);
        let oldest = incident.proposals.iter().position(spare);
        let oldest = oldest.or_else(|| incident.proposals.iter().position(over)).unwrap_or(0);
        incident.proposals.remove(oldest);
    }
    gather(step, id.n);
}

/// Fresh facts for a proposal: at its planning, and again right before it runs.
pub fn gather(step: &mut Step<'_>, n: u32) {
    let incident = step.incident.no;
    let repo = step.incident.repo.clone();
    let mut lookups = vec![Lookup::OwnRules { repo: repo.clone() }];
    if let Some((run, attempt)) = step.incident.lead_run().and_then(|state| state.run.map(|run| (run, state.attempt))) {
        lookups.push(Lookup::Run { repo: repo.clone(), run });
        lookups.push(Lookup::Jobs { repo: repo.clone(), run, attempt });
    }
    if step.incident.scope == crate::domain::Scope::Request {
        // It says the default branch, too, which no run does here.
        lookups.extend(step.incident.pulls.iter().map(|number| Lookup::Pull { repo: repo.clone(), number: *number }));
    }
    lookups.extend(logins(step, n).into_iter().map(|login| Lookup::MayWrite { repo: repo.clone(), login }));
    if let Some(proposal) = get(step, n) {
        proposal.gathering = Gathering::begin(lookups.clone());
    }
    step.effect(Effect::Gather { incident, proposal: Some(n), lookups });
}

/// What its remedy needs beyond that. A remedy that never has enough is refused.
pub fn gather_more(step: &mut Step<'_>, n: u32, lookups: Vec<Lookup>) {
    let incident = step.incident.no;
    let Some(proposal) = get(step, n) else { return };
    if !proposal.gathering.more(lookups) {
        let why = "planning did not finish after three rounds of lookups; try again".to_owned();
        return refuse(step, n, vec![why]);
    }
    let lookups = proposal.gathering.lookups.clone();
    step.effect(Effect::Gather { incident, proposal: Some(n), lookups });
}

/// Whose current permission to read: of everyone who wants this change of code.
fn logins(step: &Step<'_>, n: u32) -> Vec<String> {
    let changes = |proposal: &&Proposal| remedies::by_id(&proposal.remedy).is_some_and(|remedy| remedy.changes_code());
    let Some(proposal) = step.incident.proposal(n).filter(changes) else { return Vec::new() };
    let approvers = proposal.approvals.iter().map(|approval| &approval.github);
    let mut all: Vec<String> = std::iter::once(&proposal.by.github).chain(approvers).flatten().cloned().collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn get<'s>(step: &'s mut Step<'_>, n: u32) -> Option<&'s mut Proposal> {
    step.incident.proposals.iter_mut().find(|proposal| proposal.id.n == n)
}

pub fn set_plan(step: &mut Step<'_>, n: u32, plan: Plan, decision: &Decision) {
    if let Some(proposal) = get(step, n) {
        proposal.quorum = match decision.verdict {
            Verdict::Approvals(quorum) => quorum,
            _ => 0,
        };
        proposal.waits_for = None;
        proposal.plan = Some(plan);
    }
}

/// Feeds an input to the table and carries out what the new state asks for.
pub fn advance(step: &mut Step<'_>, n: u32, input: &Input) {
    let Some(proposal) = get(step, n) else { return };
    let steps = proposal.plan.as_ref().map_or(0, |plan| plan.steps.len());
    let Some(state) = next(&proposal.state, input, steps) else { return };
    proposal.state = state;
    let proposal = proposal.clone();
    entered(step, &proposal, input);
}

/// What entering a state triggers.
fn entered(step: &mut Step<'_>, proposal: &Proposal, input: &Input) {
    let id = proposal.id;
    let key = proposal.by.key.clone();
    attempts::ended(step, proposal);
    match &proposal.state {
        ProposalState::Planning => gather(step, id.n),
        ProposalState::Awaiting => await_people(step, proposal),
        ProposalState::Waiting => {
            if let Some(kept) = get(step, id.n) {
                kept.waits_for = None;
            }
            step.tell(key, Note::WaitingForRun { proposal: id });
            let at = step.now.plus_ms(WATCH_MS);
            step.timer(Timer::Watch, at);
            reply(step, proposal, Note::WaitingForRun { proposal: id });
        }
        ProposalState::Running { step: at } => {
            if *at == 0 {
                started(step, proposal);
            }
            perform(step, proposal, *at, false);
        }
        ProposalState::Undoing { step: at, .. } => perform(step, proposal, *at, true),
        ProposalState::Done if *input == Input::Found => {}
        ProposalState::Done if goes_on(proposal) => advance(step, id.n, &Input::Again),
        ProposalState::Done => finished(step, proposal),
        ProposalState::Undone { why, by } => {
            if let Some(kept) = get(step, id.n) {
                kept.merging = None;
            }
            let undid = proposal.plan.as_ref().map(Plan::undoes).unwrap_or_default();
            step.tell(None, Note::Undone { proposal: id, why: why.clone(), by: by.clone(), undid });
        }
        ProposalState::Failed { why } => {
            let note = Note::Failed { proposal: id, why: why.clone(), patch: has_patch(proposal) };
            step.tell(None, note.clone());
            if step.now.ms_since(proposal.created_at) < STILL_THERE_MS {
                answer(step, proposal, note);
            }
            expiry::failed(step, proposal);
            offering::ask(step);
        }
        ProposalState::Refused { why } => {
            let note = Note::Refused { what: proposal.remedy.clone(), why: why.clone() };
            step.orders.push(Order::Note { by: key, tell: proposal.by.key.is_none(), note: note.clone() });
            expiry::failed(step, proposal);
            answer(step, proposal, note);
        }
        ProposalState::Rejected { .. } | ProposalState::Cancelled { .. } => offering::ask(step),
        ProposalState::Expired => {
            step.tell(None, Note::Expired { proposal: id, undo: false });
            offering::ask(step);
        }
    }
    debug_assert!(!matches!(input, Input::Refuse(_)) || !proposal.state.is_active());
}

/// So long after their request a person still sees a private answer, and Discord takes one; after that, the thread has it.
const STILL_THERE_MS: i64 = 10 * MINUTE_MS;

/// Whether its patch is still available.
fn has_patch(proposal: &Proposal) -> bool {
    proposal.plan.iter().flat_map(|plan| &plan.previews).any(|(_, preview)| preview.diff.is_some())
}

fn await_people(step: &mut Step<'_>, proposal: &Proposal) {
    let minutes = i64::from(step.rules.approval_expires_minutes);
    let expires_at = step.now.plus_ms(minutes * MINUTE_MS);
    let plan = proposal.plan.clone();
    if let Some(kept) = get(step, proposal.id.n) {
        kept.expires_at = Some(expires_at);
    }
    deadline::watch(step);
    for (onto, preview) in plan.iter().flat_map(|plan| &plan.previews) {
        step.tell(
            None,
            Note::Preview {
                proposal: proposal.id,
                onto: onto.as_str().into(),
                stat: preview.stat.clone(),
                files: preview.files.clone(),
                hunk: preview.hunk.clone(),
            },
        );
    }
    let (summary, because) = plan.map(|plan| (plan.summary, plan.because)).unwrap_or_default();
    let note = Note::AwaitingApproval { proposal: proposal.id, summary, quorum: proposal.quorum, expires_at, because };
    step.tell(proposal.by.key.clone(), note.clone());
    reply(step, proposal, note);
}

fn started(step: &mut Step<'_>, proposal: &Proposal) {
    let summary = proposal.plan.as_ref().map(|plan| plan.summary.clone()).unwrap_or_default();
    let note = Note::Proposed {
        proposal: proposal.id,
        remedy: proposal.remedy.clone(),
        summary: summary.clone(),
        by: proposal.by.name.clone(),
    };
    if is_continued(proposal) {
        return step.record(note);
    }
    step.tell(proposal.by.key.clone(), note);
    reply(step, proposal, Note::Started { proposal: proposal.id, summary });
    if is_attempt(proposal) {
        step.incident.auto_attempts += 1;
    }
    if proposal.by.key.is_none() && proposal.remedy == "retry" {
        step.incident.auto_retries += 1;
    }
}

/// The bot tries something by itself; what ends when its time is over is no attempt, and neither is telling people.
fn is_attempt(proposal: &Proposal) -> bool {
    let nature = remedies::by_id(&proposal.remedy).map(|remedy| remedy.nature()).unwrap_or_default();
    proposal.by.key.is_none() && !nature.lets_go && !nature.tells
}

fn finished(step: &mut Step<'_>, proposal: &Proposal) {
    let summary = proposal.plan.as_ref().map(|plan| plan.summary.clone()).unwrap_or_default();
    expiry::watch(step);
    merging::begin(step, proposal.id.n);
    landing::watch(step);
    let rerun = proposal.plan.iter().flat_map(|plan| &plan.steps).any(|s| matches!(s.action, Action::Rerun { .. }));
    if !rerun {
        let made = proposal.made.iter().map(|made| format!("{} #{}", made.what, made.number)).collect();
        let urls = proposal.made.iter().map(|made| made.url.clone()).collect();
        let note = Note::Made { proposal: proposal.id, made, urls, summary };
        if is_attempt(proposal) {
            step.orders.push(Order::Came { passed: true });
        }
        step.tell(None, note.clone());
        return reply(step, proposal, note);
    }
    step.record(Note::Done { proposal: proposal.id, summary });
    step.incident.offers.clear();
    let at = step.now.plus_ms(WATCH_MS);
    step.timer(Timer::Watch, at);
}

fn perform(step: &mut Step<'_>, proposal: &Proposal, at: usize, undo: bool) {
    let Some(plan) = &proposal.plan else { return };
    let Some(planned) = plan.steps.get(at) else { return };
    let action = if undo { planned.undo.clone() } else { Some(planned.action.clone()) };
    // A quarantine that was itself undone meanwhile is not restored.
    let action = action.filter(|action| !undo || !is_gone(&step.incident, action));
    match action {
        Some(action) => step.effect(Effect::Perform {
            incident: proposal.id.incident,
            proposal: proposal.id.n,
            step: at,
            undo,
            automatic: (proposal.by.key.is_none() || goes_on(proposal)) && !undo,
            counts: !is_continued(proposal),
            digest: plan.digest.clone(),
            action: Box::new(action),
        }),
        // Nothing to undo in this step.
        None => advance(step, proposal.id.n, &Input::StepDone),
    }
}

/// Whether an undo would list what another proposal of this incident made and undid.
fn is_gone(incident: &crate::domain::Incident, action: &Action) -> bool {
    let Action::Listed { entry } = action else { return false };
    let maker = incident.proposals.iter().find(|proposal| proposal.id.to_string() == entry.id);
    maker.is_some_and(|maker| matches!(maker.state, ProposalState::Undone { .. }))
}

pub fn performed(step: &mut Step<'_>, n: u32, at: usize, undo: bool, outcome: &Outcome) {
    let expected = match step.incident.proposal(n).map(|proposal| &proposal.state) {
        Some(ProposalState::Running { step }) => !undo && *step == at,
        Some(ProposalState::Undoing { step, .. }) => undo && *step == at,
        _ => false,
    };
    if !expected {
        return;
    }
    if let (Outcome::Made(made), Some(proposal)) = (outcome, get(step, n)) {
        proposal.made.push(made.clone());
    }
    match outcome {
        Outcome::Attempted(attempt) => attempts::attempted(step, n, attempt),
        Outcome::Done if !undo => attempts::pushed(step, n, at),
        Outcome::Held | Outcome::Failed(_) | Outcome::Unknown(_) => attempts::not_begun(step, n, at),
        _ => {}
    }
    let failed = matches!(outcome, Outcome::Failed(_) | Outcome::Unknown(_));
    // The end of a loop that has begun counts by itself.
    let counts = |own: &Proposal| is_attempt(own) && own.attempts.is_empty();
    if failed && !undo && step.incident.proposal(n).is_some_and(counts) {
        step.orders.push(Order::Came { passed: false });
    }
    let input = match outcome {
        Outcome::Done | Outcome::Otherwise(_) | Outcome::Made(_) | Outcome::Attempted(_) => Input::StepDone,
        Outcome::Held => Input::StepFailed(HELD.into()),
        Outcome::Failed(why) => Input::StepFailed(why.clone()),
        Outcome::Unknown(why) => Input::StepFailed(format!("the outcome is unknown: {why}")),
    };
    advance(step, n, &input);
    if exclusion::acting(&step.incident, None).is_none() {
        plan_waiting(step);
    }
    if let Outcome::Otherwise(how) = outcome {
        step.tell(None, Note::Otherwise { how: how.clone() });
    }
    if matches!(outcome, Outcome::Done | Outcome::Otherwise(_) | Outcome::Made(_)) && !undo {
        offering::ask(step);
    }
}

pub fn refuse(step: &mut Step<'_>, n: u32, why: Vec<String>) {
    advance(step, n, &Input::Refuse(why));
}

/// Whether this is a later step of what is one act.
fn is_continued(proposal: &Proposal) -> bool {
    let nature = remedies::by_id(&proposal.remedy).map(|remedy| remedy.nature()).unwrap_or_default();
    nature.one_act && !proposal.attempts.is_empty()
}

/// Its pull request is open, and people are told.
pub fn proposed(step: &mut Step<'_>, proposal: &Proposal) {
    finished(step, proposal);
}

/// Whether the bot goes on with it by itself: see [`Nature`](crate::domain::plan::Nature).
pub fn goes_on(proposal: &Proposal) -> bool {
    remedies::by_id(&proposal.remedy).is_some_and(|remedy| remedy.nature().goes_on)
}

/// A dry run's answer, whatever it is. It leaves no proposal behind.
pub fn show(step: &mut Step<'_>, n: u32, note: Note) {
    let Some(proposal) = get(step, n).map(|proposal| proposal.clone()) else { return };
    answer(step, &proposal, note);
    step.incident.proposals.retain(|proposal| proposal.id.n != n);
}

/// A dry run's answer. It leaves no proposal behind.
pub fn show_plan(step: &mut Step<'_>, n: u32, plan: &Plan, decision: &Decision) {
    let quorum = match decision.verdict {
        Verdict::Approvals(quorum) => quorum,
        _ => 0,
    };
    let mut because = plan.because.clone();
    if decision.verdict == Verdict::Deny {
        because = decision.words();
    }
    let note = Note::Planned { summary: plan.summary.clone(), notes: plan.notes.clone(), because, quorum };
    show(step, n, note);
}

/// A command gets a reply; a button is answered by its card.
fn reply(step: &mut Step<'_>, proposal: &Proposal, note: Note) {
    if proposal.seen.is_none() {
        answer(step, proposal, note);
    }
}

/// A private reply to the proposer.
fn answer(step: &mut Step<'_>, proposal: &Proposal, note: Note) {
    if let Some(to) = &proposal.reply {
        step.effect(Effect::Reply { place: to.place.clone(), actor_id: to.actor_id.clone(), note });
    }
}

/// The run that proposals waited for has finished.
pub fn run_ended(step: &mut Step<'_>) {
    let waits = |p: &&Proposal| p.state == ProposalState::Waiting && p.waits_for.is_none();
    let due: Vec<u32> = step.incident.proposals.iter().filter(waits).map(|p| p.id.n).collect();
    for n in due {
        advance(step, n, &Input::RunEnded);
    }
}

/// Plans waiting proposals again: what they waited for may have happened.
pub fn plan_waiting(step: &mut Step<'_>) {
    let waits = |proposal: &&Proposal| proposal.state == ProposalState::Waiting && proposal.waits_for.is_some();
    let due: Vec<u32> = step.incident.proposals.iter().filter(waits).map(|proposal| proposal.id.n).collect();
    for n in due {
        advance(step, n, &Input::RunEnded);
    }
}

pub fn expire(step: &mut Step<'_>) {
    let now = step.now;
    let due: Vec<u32> = step
        .incident
        .proposals
        .iter()
        .filter(|p| p.state == ProposalState::Awaiting && p.expires_at.is_some_and(|at| at <= now))
        .map(|p| p.id.n)
        .collect();
    for n in due {
        advance(step, n, &Input::TimeUp);
    }
    deadline::watch(step);
}

/// The incident is closed: withdraws what still waited.
pub fn close(step: &mut Step<'_>, why: &str) {
    for n in numbers(step, |state| {
        matches!(state, ProposalState::Awaiting | ProposalState::Waiting | ProposalState::Planning)
    }) {
        // What waits for a merge does not depend on the run.
        let by = format!("CI Rescue ({why})");
        match get(step, n).filter(|proposal| proposal.waits_for.is_none() || goes_on(proposal)) {
            Some(own) if attempts::is_one(own) => {
                let note = Note::Cancelled { proposal: own.id, by: by.as_str().into(), undo: false };
                step.tell(None, note);
                advance(step, n, &Input::Cancel(by));
            }
            Some(proposal) => {
                let own = proposal.clone();
                proposal.state = ProposalState::Cancelled { by: by.clone() };
                withdrawn(step, &own, &by);
            }
            None => {}
        }
    }
}

/// Whoever asked and has had no answer yet learns that nothing comes of it; `own` is as it was before.
pub fn withdrawn(step: &mut Step<'_>, own: &Proposal, by: &str) {
    if own.state == ProposalState::Planning {
        reply(step, own, Note::Cancelled { proposal: own.id, by: by.into(), undo: false });
    }
}

fn numbers(step: &Step<'_>, want: impl Fn(&ProposalState) -> bool) -> Vec<u32> {
    step.incident.proposals.iter().filter(|p| want(&p.state)).map(|p| p.id.n).collect()
}
