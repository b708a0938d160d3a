//! Requests from people: role, stale-digest and quorum checks, each refusal with its reason.

use super::attempts;
use super::correcting;
use super::deployments;
use super::escalating;
use super::exclusion;
use super::proposal::{self, Input, Opening};
use super::reproducing;
use super::sharing;
use super::state::Step;
use super::tending;
use super::trying;
use super::undoing;
use crate::domain::cause::{Cause, Judged};
use crate::domain::effect::Effect;
use crate::domain::event::Request;
use crate::domain::head;
use crate::domain::incident::{Approval, Incident, Proposal, ProposalState, Proposer, ReplyTo};
use crate::domain::intent::{Intent, Target, Wish};
use crate::domain::journal::{ListRow, Note};
use crate::domain::repro::How;
use crate::domain::text::Untrusted;
use crate::policy;
use crate::remedies;
use std::borrow::Cow;

pub fn asked(step: &mut Step<'_>, request: &Request) {
    let intent = &request.intent;
    if request.place.pull.as_ref().is_some_and(|(repo, _)| *repo != step.incident.repo) {
        return refuse(step, request, "that incident belongs to another repository; use the command there");
    }
    let (need, have) = (intent.role(), request.by.role);
    if have < need {
        let note = Note::Denied { what: word(intent).into(), need: need.to_string(), have: have.to_string() };
        step.orders.push(crate::domain::effect::Order::Note {
            by: Some(request.by.key.clone()),
            tell: false,
            note: note.clone(),
        });
        return answer(step, request, note);
    }
    match intent {
        Intent::Show { .. } => {
            let note = show(&step.incident);
            answer(step, request, note);
        }
        Intent::Why { .. } => {
            let mut lines = why(&step.incident);
            lines.extend(escalating::lines(step));
            lines.extend(trying::tested(step).iter().flat_map(|tested| tested.lines(true)));
            let note = Note::Why { lines };
            answer(step, request, note);
        }
        Intent::Wrong { cause, .. } => match correcting::correct(step, &request.by.name, &request.by.key, *cause) {
            Ok(note) => confirm(step, request, &note),
            Err(why) => refuse(step, request, why),
        },
        Intent::Ack { .. }
        | Intent::Assign { .. }
        | Intent::Snooze { .. }
        | Intent::Resolve { .. }
        | Intent::Reopen { .. } => match tending::asked(step, request) {
            Ok(note) => confirm(step, request, &note),
            Err(why) => refuse(step, request, why),
        },
        Intent::Share { for_ms, .. } => match sharing::asked(step, request, *for_ms) {
            Ok(Some(note)) => confirm(step, request, &note),
            Ok(None) => {}
            Err(why) => refuse(step, request, why),
        },
        Intent::Remedy { wish, force, dry_run, .. } => remedy(step, request, wish, *force, *dry_run),
        Intent::Repro { how: How::Script, .. } => repro(step, request),
        Intent::Repro { how, .. } => match reproducing::asked(step, request, *how) {
            Ok(note) => answer(step, request, note),
            Err(why) => refuse(step, request, why),
        },
        Intent::Undo { target } => undo(step, request, *target),
        Intent::Approve { .. } if deploys(step, request) => review(step, request, true, None),
        Intent::Reject { reason, .. } if deploys(step, request) => review(step, request, false, reason.as_ref()),
        Intent::Approve { target } => approve(step, request, *target),
        Intent::Reject { target, reason } => reject(step, request, *target, reason.as_ref()),
        Intent::Cancel { target } => cancel(step, request, *target),
        _ => {}
    }
}

/// Whether the decision is on the deployment itself, not on a proposal.
fn deploys(step: &Step<'_>, request: &Request) -> bool {
    step.incident.deployment.is_some() && !matches!(request.intent.target(), Some(Target::Proposal(_)))
}

fn review(step: &mut Step<'_>, request: &Request, approve: bool, reason: Option<&Untrusted>) {
    if let Err(why) = deployments::decide(step, request, approve, reason) {
        refuse(step, request, why);
    }
}

/// The verb of an intent, for sentences.
fn word(intent: &Intent) -> &'static str {
    match intent {
        Intent::Show { .. } => "show",
        Intent::Why { .. } => "why",
        Intent::Wrong { .. } => "wrong",
        Intent::Ack { .. } => "ack",
        Intent::Assign { .. } => "assign",
        Intent::Snooze { .. } => "snooze",
        Intent::Resolve { .. } => "resolve",
        Intent::Reopen { .. } => "reopen",
        Intent::Remedy { wish, .. } => wish.remedy(),
        Intent::Repro { how: How::Script, .. } => "repro",
        Intent::Repro { how: How::Run, .. } => "repro run",
        Intent::Repro { how: How::Bisect, .. } => "repro bisect",
        Intent::Undo { .. } => "undo",
        Intent::Approve { .. } => "approve",
        Intent::Reject { .. } => "reject",
        Intent::Cancel { .. } => "cancel",
        Intent::Share { .. } => "share",
        _ => "this",
    }
}

fn answer(step: &mut Step<'_>, request: &Request, note: Note) {
    step.effect(Effect::Reply { place: request.place.clone(), actor_id: request.actor_id.clone(), note });
}

/// A button's presser sees the card change; a command gets a reply.
fn confirm(step: &mut Step<'_>, request: &Request, note: &Note) {
    if request.seen.is_none() {
        answer(step, request, note.clone());
    }
}

fn refuse(step: &mut Step<'_>, request: &Request, why: impl Into<String>) {
    let note = Note::Refused { what: word(&request.intent).into(), why: vec![why.into()] };
    step.orders.push(crate::domain::effect::Order::Note {
        by: Some(request.by.key.clone()),
        tell: false,
        note: note.clone(),
    });
    answer(step, request, note);
}

fn remedy(step: &mut Step<'_>, request: &Request, wish: &Wish, force: bool, dry_run: bool) {
    // Changes of code still make sense once the run is green.
    let rerun = matches!(wish, Wish::Retry(_));
    if rerun && step.incident.closed_at.is_some() {
        return refuse(step, request, "the incident is already resolved");
    }
    if let Some(why) = exclusion::refuses(&step.incident, wish).filter(|_| !dry_run) {
        return refuse(step, request, why);
    }
    let once = |wish: &Wish| remedies::by_id(wish.remedy()).is_some_and(|remedy| remedy.is_once());
    // One issue stands for an incident, whatever reason is given for it.
    let same = |p: &Proposal| p.wish == *wish || matches!((&p.wish, wish), (Wish::Issue { .. }, Wish::Issue { .. }));
    let done = step.incident.proposals.iter().rev().find(|p| p.state == ProposalState::Done && same(p));
    if let Some(done) = done.filter(|done| once(wish) && !dry_run && !done.made.is_empty()) {
        let made: Vec<String> = done.made.iter().map(|made| format!("{} #{}", made.what, made.number)).collect();
        let why = format!(
            "{} already did that and opened {}; to repeat it, undo {} first",
            done.id,
            made.join(", "),
            done.id
        );
        return refuse(step, request, why);
    }
    let stale = request.seen.as_ref().is_some_and(|seen| step.incident.retry().is_none_or(|plan| plan.digest != *seen));
    if stale {
        return refuse(step, request, "the card you clicked is out of date; check the updated card");
    }
    let by = Proposer {
        key: Some(request.by.key.clone()),
        name: request.by.name.clone(),
        role: request.by.role,
        github: request.by.github.clone(),
    };
    // A button is answered by its card, a command by a reply, a mistake always.
    let reply = Some(ReplyTo { place: request.place.clone(), actor_id: request.actor_id.clone() });
    proposal::open(step, Opening { wish: wish.clone(), force, dry_run, by, reply, seen: request.seen.clone() });
}

/// The proposal that a command means: by id, or the only one that qualifies.
fn find(incident: &Incident, target: Target, want: impl Fn(&Proposal) -> bool, verb: &str) -> Result<Proposal, String> {
    if let Target::Proposal(id) = target {
        return match incident.proposal(id.n) {
            Some(proposal) if want(proposal) => Ok(proposal.clone()),
            Some(proposal) => Err(format!("{id} {}, so there is nothing to {verb}", proposal.state.clause())),
            None => Err(format!("there is no proposal {id}")),
        };
    }
    let open: Vec<&Proposal> = incident.proposals.iter().filter(|p| want(p)).collect();
    match open.as_slice() {
        [] => Err(format!("{} has no proposal to {verb}", incident.no)),
        [one] => Ok((*one).clone()),
        many => {
            let ids: Vec<String> = many.iter().map(|p| p.id.to_string()).collect();
            Err(format!("several are open; choose one of {}", ids.join(", ")))
        }
    }
}

/// A button binds to the digest on its card.
fn stale(request: &Request, proposal: &Proposal) -> bool {
    request.seen.as_ref().is_some_and(|seen| proposal.plan.as_ref().is_none_or(|plan| plan.digest != *seen))
}

fn approve(step: &mut Step<'_>, request: &Request, target: Target) {
    let proposal = match awaited(&step.incident, target, "approve") {
        Ok(proposal) => proposal,
        Err(why) => return refuse(step, request, why),
    };
    if proposal.expires_at.is_some_and(|at| at <= step.now) {
        if proposal.is_undo() {
            undoing::expire(step);
        } else {
            proposal::expire(step);
        }
        return refuse(step, request, format!("{} has expired", named(&proposal)));
    }
    if stale(request, &proposal) {
        return refuse(step, request, "the change is different from the one on that card; check the updated card");
    }
    if let Err(why) = policy::may_approve(step.rules, &proposal, &request.by) {
        return refuse(step, request, why);
    }
    let Some(digest) = proposal.plan.as_ref().map(|plan| plan.digest.clone()) else { return };
    let (key, name, github) = (request.by.key.clone(), request.by.name.clone(), request.by.github.clone());
    let approval = Approval { key: key.clone(), name: name.clone(), github, at: step.now, digest };
    let mut approved = proposal.clone();
    approved.approvals.push(approval.clone());
    let have = u32::try_from(approved.valid_approvals()).unwrap_or(u32::MAX);
    let note =
        Note::Approved { proposal: proposal.id, by: name, have, quorum: proposal.quorum, undo: proposal.is_undo() };
    confirm(step, request, &note);
    step.tell(Some(key), note);
    if proposal.is_undo() {
        return undoing::approve(step, proposal.id.n, approval);
    }
    let Some(kept) = step.incident.proposals.iter_mut().find(|p| p.id == proposal.id) else { return };
    kept.approvals.push(approval);
    if policy::quorum_met(step.rules, &approved, step.now) {
        proposal::advance(step, proposal.id.n, &Input::Quorum);
    }
}

/// The proposal, or its undo, that people are to decide on.
fn awaited(incident: &Incident, target: Target, verb: &str) -> Result<Proposal, String> {
    let proposal = find(incident, target, |p| p.awaited().is_some(), verb)?;
    Ok(proposal.awaited().map_or(proposal.clone(), Cow::into_owned))
}

fn named(proposal: &Proposal) -> String {
    if proposal.is_undo() { format!("the request to undo {}", proposal.id) } else { proposal.id.to_string() }
}

fn reject(step: &mut Step<'_>, request: &Request, target: Target, reason: Option<&Untrusted>) {
    let proposal = match awaited(&step.incident, target, "reject") {
        Ok(proposal) => proposal,
        Err(why) => return refuse(step, request, why),
    };
    if stale(request, &proposal) {
        return refuse(step, request, "the change is different from the one on that card; check the updated card");
    }
    let by = request.by.name.clone();
    let undo = proposal.is_undo();
    let note = Note::Rejected { proposal: proposal.id, by: by.clone(), reason: reason.cloned(), undo };
    confirm(step, request, &note);
    step.tell(Some(request.by.key.clone()), note);
    if undo {
        return undoing::forget(step, proposal.id.n);
    }
    proposal::advance(step, proposal.id.n, &Input::Reject(request.by.key.clone()));
}

fn cancel(step: &mut Step<'_>, request: &Request, target: Target) {
    // A proposal can be named; a reproduction is what the incident's own number can mean beside it.
    let named = matches!(target, Target::Proposal(_));
    if !named && let Some(note) = reproducing::cancel(step, request) {
        confirm(step, request, &note);
        return step.tell(Some(request.by.key.clone()), note);
    }
    let rerunning = step.incident.runs.iter().any(|run| run.attempt > 1 && run.conclusion.is_none());
    let newest = step.incident.proposals.iter().rev().find(|p| p.state == ProposalState::Done).map(|p| p.id);
    let want = |p: &Proposal| match p.state {
        ProposalState::Planning | ProposalState::Awaiting | ProposalState::Waiting => !p.dry_run,
        ProposalState::Done => p.awaits_undo() || rerunning && Some(p.id) == newest,
        ProposalState::Running { step } => attempts::is_at_work(p, step),
        _ => false,
    };
    let proposal = match find(&step.incident, target, want, "cancel") {
        Ok(proposal) => proposal,
        Err(why) => return refuse(step, request, why),
    };
    let by = request.by.name.clone();
    let undo = proposal.awaits_undo();
    let note = Note::Cancelled { proposal: proposal.id, by, undo };
    confirm(step, request, &note);
    step.tell(Some(request.by.key.clone()), note);
    if undo {
        return undoing::forget(step, proposal.id.n);
    }
    if proposal.by.key.as_ref() != Some(&request.by.key) {
        proposal::withdrawn(step, &proposal, request.by.name.raw());
    }
    let input = match proposal.state {
        ProposalState::Done => Input::Undo(request.by.name.line(60)),
        ProposalState::Running { .. } => Input::Stop(request.by.key.clone()),
        _ => Input::Cancel(request.by.key.clone()),
    };
    proposal::advance(step, proposal.id.n, &input);
}

/// Requests a script; the thread says when it is ready.
fn repro(step: &mut Step<'_>, request: &Request) {
    let tests: Vec<_> = step
        .incident
        .evidence
        .iter()
        .flat_map(|evidence| &evidence.failing_tests)
        .take(reproducing::TESTS)
        .cloned()
        .collect();
    if tests.is_empty() {
        return refuse(step, request, "the log names no failing test to run");
    }
    let (incident, repo, sha) = (step.incident.no, step.incident.repo.clone(), step.incident.sha.clone());
    step.effect(Effect::Reproduce { incident, repo, sha, tests });
    answer(step, request, Note::Reproducing);
}

/// Undoes a proposal: its steps' undos, the last one first.
fn undo(step: &mut Step<'_>, request: &Request, target: Target) {
    let undoable = |p: &Proposal| p.plan.as_ref().is_some_and(|plan| plan.steps.iter().any(|step| step.undo.is_some()));
    let want = |p: &Proposal| p.state == ProposalState::Done && p.remedy != "retry" && undoable(p);
    let proposal = match find(&step.incident, target, want, "undo") {
        Ok(proposal) => proposal,
        Err(why) => return refuse(step, request, why),
    };
    if stale(request, &proposal) {
        return refuse(step, request, "the proposal has changed since that card; check the updated card");
    }
    if let Some(other) = exclusion::acting(&step.incident, Some(proposal.id.n)) {
        return refuse(step, request, format!("{} {}; try again when it is done", other.id, other.state.clause()));
    }
    if let Some(asked) = proposal.undo.as_ref().filter(|_| undoing::is_asked(&proposal)) {
        let why = format!("{} has already asked to undo {}", asked.by.name.line(60), proposal.id);
        return refuse(step, request, why);
    }
    undoing::ask(step, request, proposal.id.n);
}

/// An incident in one row.
pub fn row(incident: &Incident) -> ListRow {
    let job = incident.first_job().map_or_else(|| incident.workflow.clone(), |job| job.name.clone());
    let line = incident.headline().and_then(crate::domain::Evidence::quote).map(|e| e.text.clone()).unwrap_or_default();
    ListRow {
        no: incident.no,
        stage: incident.stage.as_str().into(),
        severity: incident.severity.as_str().into(),
        repo: incident.repo.as_str().into(),
        branch: head::shown(&incident.branch),
        job,
        line,
        opened_at: incident.opened_at,
    }
}

fn show(incident: &Incident) -> Note {
    const LINES: usize = 5;
    let mut lines: Vec<Untrusted> = Vec::new();
    for evidence in incident.evidence.iter().take(1) {
        lines.extend(evidence.errors.iter().take(LINES).map(|error| error.text.clone()));
        lines.extend(evidence.failing_tests.iter().take(LINES).map(|test| test.name.clone()));
    }
    let undo = |p: &Proposal| if p.is_undo() { "undo of " } else { "" };
    let state = incident
        .shown()
        .map_or_else(String::new, |p| format!("{}{} {} {}", undo(&p), p.remedy, p.id, p.state.clause()));
    Note::Shown { row: Box::new(row(incident)), lines, state }
}

fn percent(chance: f64) -> String {
    format!("{:.0}", chance * 100.0)
}

/// The cause with its chances, and what they rest on.
fn judgement(judged: &Judged) -> Vec<String> {
    let mut chances: Vec<_> = Cause::WEIGHED.iter().zip(judged.chances).filter(|(_, chance)| *chance >= 0.01).collect();
    chances.sort_by(|a, b| b.1.total_cmp(&a.1));
    let chances: Vec<String> =
        chances.iter().map(|(cause, chance)| format!("{} {} %", cause.spoken(), percent(*chance))).collect();
    let by = judged.by.as_ref().map_or_else(String::new, |by| format!(", as {by} said"));
    let mut lines = vec![format!("cause {}{by}: {}", judged.cause.spoken(), chances.join(", "))];
    lines.extend(judged.because.iter().map(|why| format!("because: {why}")));
    let record = judged.record.words();
    if !record.is_empty() {
        lines.push(format!("record: {record}"));
    }
    let several = judged.tests.iter().filter(|_| judged.tests.len() > 1);
    lines.extend(several.map(|test| {
        let record = test.record.words();
        let record = if record.is_empty() { record } else { format!(", {record}") };
        format!("test {}: {}{record}", test.name.line(100), test.cause.spoken())
    }));
    lines
}

/// The reasons for severity, category, offers and proposals.
fn why(incident: &Incident) -> Vec<String> {
    let mut lines = vec![format!("severity {}: {}", incident.severity.as_str(), incident.severity_because.join("; "))];
    if let Some(evidence) = incident.headline() {
        lines.push(format!(
            "category {} ({:.0} %): {}",
            evidence.category,
            evidence.confidence * 100.0,
            evidence.because.join("; ")
        ));
    } else if let Some(missing) = &incident.log_missing {
        lines.push(format!("no log: {missing}"));
    }
    if let Some((issue, advice)) = incident.headline().and_then(|e| e.known_issue.as_ref().zip(e.advice.as_ref())) {
        let seen = advice.track.words();
        let seen = if seen.is_empty() { seen } else { format!(", {seen}") };
        lines.push(format!("known issue {issue}, severity {}{seen}: {}", advice.severity.as_str(), advice.solution));
    }
    if let Some(judged) = &incident.judged {
        lines.extend(judgement(judged));
    }
    lines.extend(incident.outage.as_ref().map(crate::domain::outage::Outage::at_opening));
    lines.extend(deployments::lines(incident));
    lines.extend(super::analysing::lines(incident));
    if let Some(base) = &incident.base {
        lines.push(format!("{} has the same failure, see {}", base.branch.line(60), base.incident));
    }
    lines.extend(super::suspecting::lines(incident).into_iter().map(|line| format!("suspect: {line}")));
    for offer in &incident.offers {
        let word = if offer.recommended { "recommended" } else { "possible" };
        let (help, because) = (percent(offer.help), offer.because.join("; "));
        lines.push(format!("{} is {word}, expected to help in {help} %: {because}", offer.label));
    }
    for proposal in incident.proposals.iter().rev().take(3) {
        let who = proposal.by.name.line(60);
        let because = match &proposal.state {
            ProposalState::Refused { why } => why.join("; "),
            ProposalState::Failed { why } | ProposalState::Undone { why, .. } => why.clone(),
            _ => proposal.plan.as_ref().map_or_else(String::new, |plan| plan.because.join("; ")),
        };
        lines.push(format!("{} {} by {who} {}: {because}", proposal.remedy, proposal.id, proposal.state.clause()));
    }
    lines
}
