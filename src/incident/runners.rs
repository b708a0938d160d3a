//! Jobs that no runner takes: one incident for those that ask for the same labels, until one of them starts.

use super::proposal;
use super::state::Step;
use crate::domain::effect::{Effect, Lookup};
use crate::domain::event::{Conclusion, Failure};
use crate::domain::facts::{Facts, Known};
use crate::domain::incident::{Incident, JOBS_KEPT, JobState};
use crate::domain::journal::Note;
use crate::domain::runner::{Awaited, labels, name};
use crate::policy::escalation::ASK_AGAIN_MS;

/// An incident before its first job that waits: it is about no commit.
pub fn about(incident: &mut Incident, failure: &Failure) {
    let awaited = Awaited { labels: labels(&failure.labels), fleet: None, asked_at: incident.opened_at };
    incident.branch = incident.default_branch.as_str().into();
    incident.sha = String::new();
    incident.pulls = Vec::new();
    incident.fork = false;
    incident.workflow = awaited.words().into();
    incident.runner = Some(awaited);
}

/// One more job waits.
pub fn waits(step: &mut Step<'_>, failure: &Failure) {
    let first = step.incident.jobs.is_empty();
    if step.incident.jobs.iter().any(|job| job.id == failure.job_id) {
        return step.record(Note::Ignored { why: "the job is known to wait".into() });
    }
    let name = failure.job.clone().unwrap_or_else(|| failure.workflow.clone());
    step.incident.failures += 1;
    step.incident.failed_at = step.now;
    let count = step.incident.failures;
    if step.incident.jobs.len() < JOBS_KEPT {
        step.incident.jobs.push(JobState {
            run: failure.run,
            attempt: failure.attempt,
            id: failure.job_id,
            name: name.clone(),
            step: None,
            scope: failure.scope,
            conclusion: failure.conclusion,
            url: failure.url.clone(),
            log: None,
        });
    }
    if first {
        step.record(Note::Opened { job: name, conclusion: failure.conclusion.as_str().into() });
        return ask(step);
    }
    step.record(Note::Joined { job: name, count });
}

/// Asks the forge whether such a runner is online.
fn ask(step: &mut Step<'_>) {
    let now = step.now;
    let Some(runner) = &mut step.incident.runner else { return };
    runner.asked_at = now;
    let labels = runner.labels.clone();
    let (incident, repo) = (step.incident.no, step.incident.repo.clone());
    step.effect(Effect::Gather { incident, proposal: None, lookups: vec![Lookup::Runners { repo, labels }] });
}

/// Asks again after a while: a busy runner may be gone by now, and one that was gone may be back.
pub fn ask_again(step: &mut Step<'_>) {
    let open = step.incident.closed_at.is_none();
    let old = |runner: &Awaited| step.now.ms_since(runner.asked_at) >= ASK_AGAIN_MS;
    if open && step.incident.runner.as_ref().is_some_and(old) {
        ask(step);
    }
}

/// Facts about runners and branches' protection say nothing about what can be done.
pub fn told(facts: &Facts) -> bool {
    (facts.runners.is_some() || facts.protected.is_some()) && facts.run.is_none()
}

pub fn learn(step: &mut Step<'_>, facts: &Facts) {
    if let Some(protected) = &facts.protected {
        step.incident.protected = Some(protected.clone());
    }
    let (Some(fleet), Some(runner)) = (&facts.runners, &mut step.incident.runner) else { return };
    let was_gone = runner.is_gone();
    runner.fleet = Some(fleet.clone());
    step.incident.workflow = runner.words().into();
    if was_gone && matches!(fleet, Known::Is(fleet) if fleet.online > 0) {
        let called = name(&runner.labels);
        resolve(step, format!("a runner with the labels {called} is online again"));
    }
}

/// A job waits no more: a runner took it, or nobody wants it any longer.
pub fn left(step: &mut Step<'_>, job_id: u64, started: bool) {
    if step.incident.closed_at.is_some() {
        return;
    }
    if started {
        return resolve(step, "a runner took one of the jobs".into());
    }
    for job in step.incident.jobs.iter_mut().filter(|job| job.id == Some(job_id)) {
        job.conclusion = Conclusion::Cancelled;
    }
    let all_kept = step.incident.failures == step.incident.jobs.len() as u64;
    if all_kept && step.incident.jobs.iter().all(|job| job.conclusion != Conclusion::Stuck) {
        resolve(step, "none of its jobs is waiting".into());
    }
}

fn resolve(step: &mut Step<'_>, because: String) {
    step.incident.closed_at = Some(step.now);
    step.incident.offers.clear();
    proposal::close(step, &because);
    step.tell(None, Note::Resolved { because });
}
