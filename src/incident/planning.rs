//! Offers, plans and automatic actions: remedies applied to the gathered facts.

use super::exclusion;
use super::failing;
use super::passing;
use super::proposal::{self, Input};
use super::step::Step;
use crate::domain::effect::{Effect, Lookup, Order};
use crate::domain::event::{Conclusion, Scope, Timer};
use crate::domain::evidence::Category;
use crate::domain::facts::{Facts, JobFacts, Known};
use crate::domain::gathering::Gathering;
use crate::domain::incident::{Incident, Offer, Proposal, ProposalState, Proposer};
use crate::domain::intent::{Which, Wish};
use crate::domain::journal::Note;
use crate::domain::plan::{Plan, Planning};
use crate::domain::time::{DAY_MS, SECOND_MS};
use crate::policy::{self, Case, Verdict};
use crate::remedies::{self, Asked, PlanContext};

/// Gathers the facts that remedies need to make offers, unless the incident is closed.
pub fn ask_for_offers(step: &mut Step<'_>) {
    if step.incident.is_over() {
        return;
    }
    let Some((run, attempt)) = step.incident.lead_run().and_then(|state| state.run.map(|run| (run, state.attempt)))
    else {
        return;
    };
    let incident = &step.incident;
    let repo = incident.repo.clone();
    let mut lookups = vec![Lookup::Run { repo: repo.clone(), run }, Lookup::Jobs { repo: repo.clone(), run, attempt }];
    if incident.commit_message.is_none() {
        lookups.push(Lookup::CommitMessage { repo, sha: incident.sha.clone() });
    }
    if !step.orders.iter().any(is_for_offers) {
        step.incident.gathering = Gathering::begin(lookups);
        gather_for_offers(step);
    }
}

fn is_for_offers(order: &Order) -> bool {
    let Order::Effect(Effect::Gather { proposal: None, lookups, .. }) = order else { return false };
    lookups.iter().any(|lookup| matches!(lookup, Lookup::Run { .. }))
}

fn gather_for_offers(step: &mut Step<'_>) {
    let (incident, lookups) = (step.incident.no, step.incident.gathering.lookups.clone());
    step.effect(Effect::Gather { incident, proposal: None, lookups });
}

/// Looks for a re-run that was requested and not reported.
pub fn look_again(step: &mut Step<'_>) {
    super::waiting::look(step);
    let waits = |p: &Proposal| p.state == ProposalState::Waiting && p.waits_for.is_none();
    if step.incident.proposals.iter().any(waits)
        || step.incident.runs.iter().any(|run| run.conclusion.is_none() && !run.superseded)
    {
        ask_for_offers(step);
        let at = step.now.plus_ms(proposal::WATCH_MS);
        step.timer(Timer::Watch, at);
    }
}

pub fn head_moved(step: &mut Step<'_>, sha: &str) {
    if !step.incident.on_default_branch() && step.incident.sha != sha && !step.incident.offers.is_empty() {
        ask_for_offers(step);
    }
}

/// Facts for the card: what one click could do, and what the bot may do automatically.
pub fn offers(step: &mut Step<'_>, facts: &Facts) {
    learn(step, facts);
    if step.incident.is_over() {
        return;
    }
    if are_of_another_run(step, facts) {
        return ask_for_offers(step);
    }
    let mut offers = Vec::new();
    let mut lookups = Vec::new();
    for (remedy, wish) in remedies::all().into_iter().filter_map(|remedy| remedy.offer().map(|wish| (remedy, wish))) {
        let context = PlanContext { incident: &step.incident, facts, wish: &wish, proposal: None, now: step.now };
        match remedy.plan(&context) {
            Planning::Ready(plan) => offers.push(offer(step, *plan)),
            Planning::Needs(more) => lookups.extend(more),
            Planning::Refused(_) | Planning::Later(_) => {}
        }
    }
    step.incident.offers = offers;
    if !lookups.is_empty() && step.incident.gathering.more(lookups) {
        return gather_for_offers(step);
    }
    consider_automatic(step);
}

/// A retry, with what speaks for it or against it.
fn offer(step: &Step<'_>, plan: Plan) -> Offer {
    let (recommended, why) = chances(&step.incident);
    let because = std::iter::once(why).chain(plan.because.iter().cloned()).collect();
    Offer { remedy: plan.remedy.clone(), recommended: recommended && step.incident.base.is_none(), plan, because }
}

/// Whether another try is worth it, and why. What is known of the very failure beats its category.
fn chances(incident: &Incident) -> (bool, String) {
    let Some(evidence) = incident.headline() else {
        let words = match &incident.log_missing {
            Some(_) => "there is no log to say otherwise",
            None => "the log has not been read yet",
        };
        return (true, words.into());
    };
    let category = evidence.category;
    let words = match (&evidence.advice, category) {
        _ if evidence.is_transient() => return (true, format!("{category} failures often pass on retry")),
        (Some(_), _) => return (false, "the cause is known, and a retry does not remove it".into()),
        _ if evidence.is_deterministic() => {
            return (false, format!("{category} failures recur on the same commit"));
        }
        (None, Category::Test) => "a retry shows whether the test is flaky",
        (None, Category::Cancelled) => "it was cancelled before it could finish",
        _ => "the log shows no cause that must recur",
    };
    (true, words.into())
}

/// Applies the forge's facts about the run, its jobs and its commit.
fn learn(step: &mut Step<'_>, facts: &Facts) {
    if let Some(Known::Is(message)) = &facts.commit_message {
        step.incident.commit_message = Some(message.clone());
    }
    let told = facts.pulls.iter().find_map(|(_, pull)| match pull {
        Known::Is(pull) => pull.default_branch.clone(),
        Known::Unavailable(_) => None,
    });
    if let Some(branch) = told.filter(|_| step.incident.scope == Scope::Request) {
        step.incident.default_branch = branch;
    }
    let Some(Known::Is(run)) = &facts.run else { return };
    passing::meet_facts(step, run.id, run);
    if let Some(Known::Is(jobs)) = &facts.jobs {
        learn_jobs(step, run.id, run.attempt, jobs);
    }
}

/// Facts about a run that is no longer the lead run are of no use.
fn are_of_another_run(step: &Step<'_>, facts: &Facts) -> bool {
    let lead = step.incident.lead_run().and_then(|state| state.run);
    matches!((&facts.run, lead), (Some(Known::Is(run)), Some(lead)) if run.id != lead)
}

/// Failed jobs that no event reported, for example after a missed delivery or a bare `workflow_run`.
fn learn_jobs(step: &mut Step<'_>, run: crate::domain::RunId, attempt: u32, jobs: &[JobFacts]) {
    let known = step.incident.runs.iter().find(|state| state.run == Some(run));
    if known.is_none_or(|state| state.attempt != attempt) {
        return;
    }
    let failed = jobs.iter().filter(|job| job.conclusion.is_some_and(Conclusion::is_failure));
    failing::new_attempt(&mut step.incident, run, attempt);
    for job in failed {
        let room = step.incident.jobs.len() < crate::domain::incident::JOBS_KEPT;
        let known = step.incident.jobs.iter_mut().find(|have| {
            have.run == Some(run)
                && have.attempt == attempt
                && (have.id == Some(job.id) || (have.id.is_none() && have.name == job.name))
        });
        match known {
            Some(have) if have.id.is_some() => continue,
            Some(have) => have.id = Some(job.id),
            None if room => {
                step.incident.jobs.push(crate::domain::incident::JobState {
                    run: Some(run),
                    attempt,
                    id: Some(job.id),
                    name: job.name.clone(),
                    step: job.failing_step.clone(),
                    scope: crate::domain::event::Scope::Job,
                    conclusion: job.conclusion.unwrap_or(Conclusion::Failure),
                    url: None,
                });
                step.incident.failures = step.incident.failures.max(step.incident.jobs.len() as u64);
            }
            None => continue,
        }
        failing::read_log(step, Some(run), attempt, Some(job.id));
    }
}

/// In mode `act`, schedules the retry that policy allows, or records why not.
fn consider_automatic(step: &mut Step<'_>) {
    if step.rules.mode != crate::domain::rules::Mode::Act
        || step.incident.busy().is_some()
        || step.incident.evidence.is_empty()
    {
        return;
    }
    let Some(plan) = step.incident.offers.first().map(|offer| offer.plan.clone()) else { return };
    if plan.waits {
        return;
    }
    let decision = judge(step, &plan, None, false, &Facts::default());
    if decision.verdict == Verdict::Allow {
        if step.incident.scheduled.as_ref() == Some(&plan.digest) {
            return;
        }
        step.incident.scheduled = Some(plan.digest.clone());
        let at = step.now.plus_ms(backoff_ms(step));
        step.timer(Timer::Backoff, at);
        step.tell(None, Note::AutoScheduled { at, because: decision.words() });
    } else {
        step.record(Note::AutoSkipped { why: decision.words() });
    }
}

/// Doubling pauses with jitter, by incident number: a step draws no random numbers, and incidents that fail together
/// still spread out.
fn backoff_ms(step: &Step<'_>) -> i64 {
    use backon::{BackoffBuilder, ExponentialBuilder};
    let base = std::time::Duration::from_secs(u64::from(step.rules.retry_backoff_seconds));
    let nth = (step.incident.auto_retries.max(step.context.fingerprint_retries)) as usize;
    let mut delays = ExponentialBuilder::new()
        .with_min_delay(base)
        .with_max_delay(base * 16)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(step.incident.no.0)
        .build();
    let delay = delays.nth(nth).unwrap_or(base);
    i64::try_from(delay.as_millis()).unwrap_or(i64::from(step.rules.retry_backoff_seconds) * SECOND_MS)
}

/// The backoff is over: proposes the retry if policy still allows it.
pub fn automatic(step: &mut Step<'_>) {
    if step.incident.is_over() || step.incident.busy().is_some() {
        return;
    }
    let Some(plan) = step.incident.offers.first().map(|offer| offer.plan.clone()) else { return };
    let decision = judge(step, &plan, None, false, &Facts::default());
    if decision.verdict != Verdict::Allow {
        step.tell(None, Note::AutoSkipped { why: decision.words() });
        return;
    }
    let by = Proposer { key: None, name: "CI Rescue".into(), role: crate::domain::Role::Viewer, github: None };
    let seen = Some(plan.digest);
    proposal::open(
        step,
        proposal::Opening { wish: Wish::Retry(Which::Smallest), force: false, dry_run: false, by, reply: None, seen },
    );
}

/// A test that failed and passed on the same commit: where the operator grants it, the bot proposes its quarantine.
pub fn quarantine(step: &mut Step<'_>) {
    let granted = step.rules.automatic.iter().any(|id| id == "quarantine");
    if !granted || step.rules.mode != crate::domain::rules::Mode::Act || step.incident.busy().is_some() {
        return;
    }
    let by = Proposer { key: None, name: "CI Rescue".into(), role: crate::domain::Role::Viewer, github: None };
    let reason = Some("failed and passed on the same commit".into());
    let wish = Wish::Quarantine { test: None, file: None, for_ms: 7 * DAY_MS, reason, listed: false };
    proposal::open(step, proposal::Opening { wish, force: false, dry_run: false, by, reply: None, seen: None });
}

fn judge(step: &Step<'_>, plan: &Plan, by: Option<&Proposer>, force: bool, facts: &Facts) -> policy::Decision {
    let nature = remedies::by_id(&plan.remedy).map(|remedy| remedy.nature()).unwrap_or_default();
    let case = Case { incident: &step.incident, plan, nature, by, force, facts, context: step.context, now: step.now };
    policy::judge(step.rules, &case)
}

/// Facts for a proposal, at its planning or again right before it runs.
pub fn planned(step: &mut Step<'_>, n: u32, facts: &Facts) {
    let Some(proposal) = step.incident.proposal(n).filter(|p| p.state == ProposalState::Planning).cloned() else {
        return;
    };
    learn(step, facts);
    if step.incident.proposal(n).is_none_or(|p| p.state != ProposalState::Planning) {
        return;
    }
    if are_of_another_run(step, facts) {
        return proposal::gather(step, n);
    }
    let Some(remedy) = remedies::by_id(&proposal.remedy) else {
        return proposal::refuse(step, n, vec![format!("unknown remedy {}", proposal.remedy)]);
    };
    let asked = Some(Asked { id: proposal.id, at: proposal.created_at, by: &proposal.by.name });
    let context = PlanContext { incident: &step.incident, facts, wish: &proposal.wish, proposal: asked, now: step.now };
    match remedy.plan(&context) {
        Planning::Needs(lookups) => proposal::gather_more(step, n, lookups),
        Planning::Refused(why) => proposal::refuse(step, n, why),
        Planning::Later(what) => super::waiting::later(step, n, what),
        Planning::Ready(plan) => ready(step, &proposal, *plan, facts),
    }
}

fn ready(step: &mut Step<'_>, proposal: &Proposal, plan: Plan, facts: &Facts) {
    let n = proposal.id.n;
    let by = proposal.by.key.as_ref().map(|_| &proposal.by);
    let decision = judge(step, &plan, by, proposal.force, facts);
    if proposal.dry_run {
        return proposal::show_plan(step, n, &plan, &decision);
    }
    if let Some(seen) = proposal.seen.as_ref().filter(|seen| **seen != plan.digest && proposal.plan.is_none()) {
        let why = format!("the card you clicked is out of date ({}); check the updated card", seen.short());
        return proposal::refuse(step, n, vec![why]);
    }
    if let Some(why) = exclusion::overlaps(&step.incident, n, &plan) {
        return proposal::refuse(step, n, vec![why]);
    }
    let changed = proposal.plan.as_ref().is_some_and(|old| old.digest != plan.digest);
    // The run may have ended meanwhile: performing asks the forge again.
    let ended = step.incident.lead_run().is_some_and(|run| run.conclusion.is_some());
    let waits = plan.waits && !ended;
    let summary = plan.summary.clone();
    proposal::set_plan(step, n, plan, &decision);
    if changed && proposal.quorum > 0 {
        step.tell(None, Note::PlanChanged { proposal: proposal.id, summary });
    }
    let fresh = step.incident.proposal(n).cloned();
    let enough = fresh.as_ref().is_some_and(|p| policy::quorum_met(step.rules, p, step.now));
    match decision.verdict {
        Verdict::Deny => proposal::refuse(step, n, decision.words()),
        Verdict::Approvals(_) if !enough => proposal::advance(step, n, &Input::NeedsApproval),
        _ if waits => proposal::advance(step, n, &Input::MustWait),
        _ if exclusion::acting(&step.incident, Some(n)).is_some() => {
            let other = exclusion::acting(&step.incident, Some(n)).map(|other| other.id.to_string());
            super::waiting::later(step, n, format!("{} must finish first", other.unwrap_or_default()));
        }
        _ => proposal::advance(step, n, &Input::Go),
    }
}
