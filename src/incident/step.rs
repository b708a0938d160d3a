//! The one place where an incident changes.

use super::state::Step;
use super::{
    adopting, analysing, automatic, bisecting, deployments, escalating, expiry, failing, landing, looping, mentioning,
    merging, nights, offering, owning, passing, people, placing, planning, proposal, queueing, renaming, reporting,
    reproducing, runners, runs, silence, suspecting, tending, undoing, waiting,
};
use crate::agents;
use crate::domain::effect::Order;
use crate::domain::event::{Event, LogRead, Scope, Timer};
use crate::domain::evidence::Evidence;
use crate::domain::facts::Context;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::{Incident, LogSeen, ProposalState, Stage};
use crate::domain::journal::Note;
use crate::domain::refs::OWN_BRANCHES;
use crate::domain::rules::Rules;
use crate::domain::time::Time;
use crate::policy;

/// An incident after an event, and what it asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The version is the store's business and is left as it was.
    pub incident: Incident,
    pub orders: Vec<Order>,
}

/// Applies an event. `incident` is `None` for a failure that opens one, under the number `no`.
///
/// `None` when nothing changes: the event is for an incident that does not exist, or one
/// that opens none.
#[must_use]
pub fn step(
    rules: &Rules,
    context: &Context,
    incident: Option<Incident>,
    no: IncidentNo,
    event: &Event,
    now: Time,
) -> Option<Transition> {
    let incident = match (incident, event) {
        (Some(incident), _) => incident,
        (None, Event::Failed { failure }) => failing::blank(no, failure, now),
        (None, Event::Requested { repo, pull, .. }) => failing::request(no, repo, *pull, now),
        (None, Event::Dequeued { .. }) => failing::thrown_out(no, event, now)?,
        (None, Event::Silent { .. }) => silence::blank(no, event, now)?,
        (None, _) => return None,
    };
    let mut incident = incident;
    if incident.version == 0 {
        incident.outage = context.outages.first().cloned();
    }
    let named = incident.is_named();
    let before = adopting::before(&incident);
    let mut step = Step { rules, context, now, incident, orders: Vec::new() };
    if bisecting::is_of_probe(&step.incident, event) {
        bisecting::hear(&mut step, event);
        return Some(finish(step, event, &before));
    }
    if looping::is_of_trial(&step.incident, event) {
        looping::hear(&mut step, event);
        return Some(finish(step, event, &before));
    }
    match event {
        Event::Failed { failure } if failure.scope == Scope::Runner => runners::waits(&mut step, failure),
        Event::Failed { failure } if failure.scope == Scope::Deployment => deployments::asked(&mut step, failure),
        Event::Progressed { .. } | Event::DeploymentMoved { .. } if step.incident.deployment.is_some() => {
            deployments::look(&mut step);
        }
        Event::ReviewCame { outcome, .. } => deployments::reviewed(&mut step, outcome),
        Event::Failed { failure } => failing::failed(&mut step, failure),
        Event::LeftQueue { job_id, started, .. } => runners::left(&mut step, *job_id, *started),
        Event::IssueDeclined { number, by, .. } => escalating::declined(&mut step, *number, by),
        Event::Progressed { progress } if step.incident.missed.is_some() => silence::progressed(&mut step, progress),
        Event::Progressed { progress } => passing::progressed(&mut step, progress),
        Event::Silent { missed, .. } => silence::heard(&mut step, missed),
        Event::Ran { because, .. } => silence::over(&mut step, because),
        Event::HeadMoved { branch, sha, .. } if branch.raw().starts_with(OWN_BRANCHES) => {
            waiting::recheck(&mut step, branch.raw(), sha);
        }
        Event::HeadMoved { sha, .. } => planning::head_moved(&mut step, sha),
        Event::Requested { request, .. } => {
            step.record(Note::Requested { by: request.by.name.clone() });
            people::asked(&mut step, request);
        }
        Event::PullEnded { number, merged, branch, .. } => {
            landing::ended(&mut step, branch.raw(), *merged);
            proposal::plan_waiting(&mut step);
            passing::pull_ended(&mut step, *number, *merged);
        }
        Event::BranchGone { branch, .. } => passing::branch_gone(&mut step, branch),
        Event::PullReopened { number, .. } => passing::pull_reopened(&mut step, *number),
        Event::QueueEnded { sha, number, base, end, .. } => {
            queueing::ended(&mut step, sha, *number, base.as_ref(), *end);
        }
        Event::Renamed { from, to, .. } => renaming::renamed(&mut step, from, to),
        Event::Reviewed { number, branch, by, .. } => merging::reviewed(&mut step, *number, branch.raw(), by),
        Event::Dequeued { sha, number, out, .. } => queueing::dequeued(&mut step, sha, *number, out),
        Event::Asked { request } => people::asked(&mut step, request),
        // Words become a request before they concern an incident; an installation and a week concern none.
        Event::Spoken { .. }
        | Event::Cleared { .. }
        | Event::Installed
        | Event::HomeDue { .. }
        | Event::Linking { .. }
        | Event::Superseded { .. }
        | Event::CommitDue { .. }
        | Event::DeploymentMoved { .. }
        | Event::WeekEnded { .. }
        | Event::SummaryDue { .. }
        | Event::Began { .. } => return None,
        Event::LogRead { run, attempt, job_id, read, .. } => {
            let known = step.incident.runs.iter().find(|have| have.run == Some(*run));
            if known.is_none_or(|known| known.attempt <= *attempt) {
                runs::note_timeout(&mut step.incident, *run, *attempt, read);
                let log = log_read(&mut step, read);
                runs::note_log(&mut step.incident, (*run, *attempt, *job_id), &log);
            }
        }
        Event::Reported { reported, .. } => {
            if let Some(evidence) = reporting::reported(&mut step.incident, reported) {
                found(&mut step, &evidence);
                look_on(&mut step);
            }
        }
        Event::FactsGathered { proposal: None, facts, .. } if reproducing::awaits(&step.incident, facts) => {
            reproducing::learn(&mut step, facts);
        }
        Event::FactsGathered { proposal: None, facts, .. } if runners::told(facts) => {
            runners::learn(&mut step, facts);
            if facts.protected.is_some() {
                looping::consider(&mut step);
            }
        }
        Event::FactsGathered { proposal: None, facts, .. } if deployments::told(facts) => {
            deployments::learn(&mut step, facts);
        }
        Event::FactsGathered { proposal: None, facts, .. } if nights::told(facts) => nights::learn(&mut step, facts),
        Event::FactsGathered { proposal: None, facts, .. } if queueing::told(facts) => {
            queueing::learn(&mut step, facts);
        }
        Event::FactsGathered { proposal: None, facts, .. } if owning::told(facts) => owning::learn(&mut step, facts),
        Event::FactsGathered { proposal: None, facts, .. } if placing::told(facts) => placing::learn(&mut step, facts),
        Event::FactsGathered { proposal: None, facts, .. } => planning::offers(&mut step, facts),
        Event::FactsGathered { proposal: Some(n), facts, .. } => planning::planned(&mut step, *n, facts),
        Event::Performed { proposal, step: at, undo, outcome, .. } => {
            proposal::performed(&mut step, *proposal, *at, *undo, outcome);
        }
        Event::Analysed { analysis, .. } => analysing::told(&mut step, analysis),
        Event::Reproduced { script, .. } => match script {
            Ok(digest) => {
                step.incident.repro = Some(digest.clone());
                step.tell(None, Note::Reproduced);
            }
            Err(why) => step.tell(None, Note::Refused { what: "repro".into(), why: why.clone() }),
        },
        Event::ReproBegan { n, sha, image, .. } => reproducing::began(&mut step, *n, sha, image),
        Event::ReproRan { n, run, .. } => reproducing::ran(&mut step, *n, run),
        Event::Suspected { sha, facts, .. } => suspecting::found(&mut step, sha, facts),
        Event::MergeLooked { proposal, outcome, .. } => merging::looked(&mut step, *proposal, outcome),
        Event::Fired { timer, .. } => fired(&mut step, *timer),
        Event::Adopted { younger, runs, jobs, pulls, failures, adopted, .. } => {
            let brought = adopting::Brought { younger: *younger, runs, jobs, pulls, failures: *failures, adopted };
            adopting::adopt(&mut step, &brought);
        }
        Event::Revisit { .. } => adopting::revisit(&mut step),
    }
    bisecting::hear(&mut step, event);
    if !matches!(event, Event::FactsGathered { .. }) {
        owning::ask(&mut step);
        placing::ask(&mut step);
    }
    if !named && step.incident.is_named() {
        step.incident.named_at = step.incident.named_at.or(Some(now));
    }
    Some(finish(step, event, &before))
}

fn finish(mut step: Step<'_>, event: &Event, before: &adopting::Before) -> Transition {
    queueing::finish(&mut step);
    waiting::close(&mut step);
    adopting::compare(&mut step, before);
    escalating::look(&mut step);
    let incident = &mut step.incident;
    // Whoever is at work goes on.
    if looping::branches(incident).next().is_none() {
        incident.routed = Some(agents::of_incident(incident, &step.rules.loops, &step.context.records));
    }
    offering::renew(incident);
    (incident.severity, incident.severity_because) = policy::severity(incident);
    tending::look(&mut step);
    let incident = &mut step.incident;
    incident.stage = stage(incident);
    incident.updated_at = step.now;
    // What has just been looked at is looked at again when something happens.
    if !matches!(event, Event::Fired { timer: Timer::Mention, .. }) {
        mentioning::watch(&mut step);
    }
    let incident = &mut step.incident;
    incident.entries += step.orders.iter().filter(|order| matches!(order, Order::Note { .. })).count() as u64;
    Transition { incident: step.incident, orders: step.orders }
}

/// The stage follows from the record, so it cannot contradict it.
fn stage(incident: &Incident) -> Stage {
    if incident.closed_at.is_some() {
        return Stage::Resolved;
    }
    match incident.shown().map(|proposal| proposal.into_owned().state) {
        Some(ProposalState::Awaiting) => Stage::AwaitingApproval,
        Some(_) => Stage::Running,
        None if incident.runs.iter().any(|run| run.attempt > 1 && run.conclusion.is_none() && !run.superseded)
            && incident.jobs.iter().all(|job| job.attempt < newest_attempt(incident, job)) =>
        {
            Stage::Running
        }
        None if incident.deployment.is_some() => Stage::AwaitingApproval,
        None if expiry::has_quarantine(incident) => Stage::Quarantined,
        None if incident.escalated_at.is_some() => Stage::Escalated,
        None => Stage::Open,
    }
}

/// The attempt that the job's run has reached.
fn newest_attempt(incident: &Incident, job: &crate::domain::incident::JobState) -> u32 {
    incident.runs.iter().find(|run| run.run == job.run).map_or(job.attempt, |run| run.attempt)
}

fn fired(step: &mut Step<'_>, timer: Timer) {
    match timer {
        Timer::Expiry => {
            proposal::expire(step);
            undoing::expire(step);
        }
        Timer::Backoff => automatic::retry(step),
        Timer::Trial => proposal::plan_waiting(step),
        Timer::Watch => planning::look_again(step),
        Timer::Release => automatic::release(step),
        Timer::Merge => merging::look(step),
        Timer::Pulls => landing::look(step),
        Timer::Escalate => {
            escalating::due(step);
            runners::ask_again(step);
        }
        Timer::Review => deployments::due(step),
        Timer::Mention => mentioning::due(step),
        Timer::Tell => queueing::tell(step),
        Timer::Queue => queueing::look(step),
        // It is looked at after each step.
        Timer::Snooze => {}
    }
}

/// Evidence of at most five logs is kept, the most confident first.
const EVIDENCE_KEPT: usize = 5;

fn log_read(step: &mut Step<'_>, read: &LogRead) -> LogSeen {
    let seen = match read {
        LogRead::Read(evidence) => {
            let evidence = reporting::completed(&mut step.incident, evidence);
            found(step, &evidence);
            LogSeen::of(&evidence)
        }
        LogRead::Missing(why) => {
            if step.incident.evidence.is_empty() {
                step.incident.log_missing = Some(why.clone());
                step.record(Note::LogMissing { why: why.clone() });
            }
            LogSeen::Missing(why.clone())
        }
    };
    look_on(step);
    seen
}

/// With what is known now.
fn look_on(step: &mut Step<'_>) {
    offering::ask(step);
    suspecting::ask(step);
}

fn found(step: &mut Step<'_>, evidence: &Evidence) {
    let known = step.incident.evidence.iter().any(|have| {
        let same = have.fingerprint.is_some() && have.fingerprint == evidence.fingerprint;
        same || (have.excerpt.is_some() && have.excerpt == evidence.excerpt)
    });
    if known {
        return;
    }
    let first = step.incident.evidence.is_empty();
    let all = &mut step.incident.evidence;
    all.push(evidence.clone());
    // The same headline whichever log is read first.
    all.sort_by(|a, b| b.confidence.total_cmp(&a.confidence).then_with(|| a.fingerprint.cmp(&b.fingerprint)));
    all.truncate(EVIDENCE_KEPT);
    step.incident.log_missing = None;
    if let Some(line) = evidence.quote().filter(|_| first) {
        step.record(Note::EvidenceFound { line: line.text.clone(), category: evidence.category.as_str().into() });
    }
}
