//! What an event says of executions: jobs as they end, tests as logs name them.

use crate::domain::cause::Cause;
use crate::domain::event::{Conclusion, Event, Failure, LogRead, Progress, Scope};
use crate::domain::evidence::Evidence;
use crate::domain::executed::{Executed, ExecutedJob};
use crate::domain::head;
use crate::domain::ids::RunId;
use crate::domain::incident::{Incident, JobState};
use crate::domain::outcome::{Ended, Outcome};
use crate::domain::text::Untrusted;
use crate::domain::time::Time;

/// Failing tests kept of one job: what breaks more than this broke at once.
const TESTS_MAX: usize = 50;

/// The outcomes that an event tells, `incident` being the one that it is for, where it names one.
#[must_use]
pub fn told(event: &Event, incident: Option<&Incident>, now: Time) -> Vec<Outcome> {
    match (event, incident) {
        (Event::Failed { failure }, _) if failure.confirmed => failed(failure, now).into_iter().collect(),
        (Event::Progressed { progress }, _) => ended(progress, now).into_iter().collect(),
        (Event::LogRead { run, attempt, job_id, read: LogRead::Read(evidence), .. }, Some(incident)) => {
            let of = |job: &&JobState| job.run == Some(*run) && job.attempt == *attempt && job.id == Some(*job_id);
            incident.jobs.iter().find(of).map_or_else(Vec::new, |job| read(incident, *run, job, evidence, now))
        }
        _ => Vec::new(),
    }
}

/// A fork's `main` is not ours. Git allows no such characters in a branch's own name.
fn branch(name: &Untrusted, fork: bool) -> Untrusted {
    if fork && head::is_branch(name) { format!("~fork:{}", name.raw()).into() } else { name.clone() }
}

fn kind(conclusion: Conclusion) -> Option<Ended> {
    match conclusion {
        Conclusion::Success => Some(Ended::Pass),
        Conclusion::Failure | Conclusion::StartupFailure => Some(Ended::Fail),
        Conclusion::TimedOut => Some(Ended::Timeout),
        Conclusion::Cancelled => Some(Ended::Cancelled),
        Conclusion::Skipped => Some(Ended::Skip),
        _ => None,
    }
}

fn failed(failure: &Failure, now: Time) -> Option<Outcome> {
    Some(Outcome {
        repo: failure.repo.as_str().into(),
        branch: branch(&failure.branch, failure.fork),
        default_branch: Some(failure.default_branch.as_str().into()),
        sha: failure.sha.clone(),
        run: failure.run.filter(|_| failure.scope == Scope::Job)?.0,
        attempt: failure.attempt.max(1),
        workflow: failure.workflow.clone(),
        job: failure.job.clone()?,
        test: None,
        ended: kind(failure.conclusion)?,
        at: now,
        duration_ms: failure.duration_ms,
        fingerprint: None,
        harmless: None,
    })
}

fn ended(progress: &Progress, now: Time) -> Option<Outcome> {
    Some(Outcome {
        repo: progress.repo.as_str().into(),
        branch: progress.branch.clone(),
        default_branch: None,
        sha: progress.sha.clone(),
        run: progress.run.filter(|_| progress.scope == Scope::Job)?.0,
        attempt: progress.attempt.max(1),
        workflow: progress.workflow.clone(),
        job: progress.job.clone()?,
        test: None,
        ended: kind(progress.conclusion?)?,
        at: now,
        duration_ms: progress.duration_ms,
        fingerprint: None,
        harmless: None,
    })
}

/// The job once more, with its fingerprint, and the tests that its log names.
fn read(incident: &Incident, run: RunId, job: &JobState, evidence: &Evidence, now: Time) -> Vec<Outcome> {
    let state = incident.runs.iter().find(|state| state.run == Some(run));
    let Some(state) = state.filter(|_| incident.confirmed) else { return Vec::new() };
    let of_job = Outcome {
        repo: incident.repo.as_str().into(),
        branch: branch(&state.branch, incident.fork),
        default_branch: Some(incident.default_branch.as_str().into()),
        sha: state.sha.clone(),
        run: run.0,
        attempt: job.attempt.max(1),
        workflow: state.workflow.clone(),
        job: job.name.clone(),
        test: None,
        ended: kind(job.conclusion).unwrap_or(Ended::Fail),
        at: now,
        duration_ms: None,
        fingerprint: evidence.fingerprint.clone(),
        harmless: None,
    };
    let tests = evidence.failing_tests.iter().take(TESTS_MAX);
    // What several tests looked like together says nothing of one.
    let fingerprint = evidence.fingerprint.clone().filter(|_| evidence.failing_tests.len() == 1);
    let tests = tests.map(|test| Outcome {
        test: Some(test.name.clone()),
        ended: Ended::Fail,
        fingerprint: fingerprint.clone(),
        ..of_job.clone()
    });
    std::iter::once(of_job.clone()).chain(tests).collect()
}

/// A job as the forge's lists tell of it.
#[must_use]
pub fn past(run: &Executed, job: &ExecutedJob) -> Option<Outcome> {
    let took = job.started_at.zip(job.ended_at).map(|(from, to)| to.ms_since(from));
    Some(Outcome {
        repo: run.repo.as_str().into(),
        branch: branch(&run.branch, run.fork),
        default_branch: run.default_branch.clone(),
        sha: run.sha.clone(),
        run: run.run.0,
        attempt: job.attempt.max(1),
        workflow: run.workflow.clone(),
        job: Some(job.name.clone()).filter(|name| !name.is_empty())?,
        test: None,
        ended: kind(job.conclusion)?,
        at: job.ended_at.unwrap_or(run.updated_at),
        duration_ms: took.and_then(|ms| u64::try_from(ms).ok()),
        fingerprint: None,
        harmless: None,
    })
}

/// A test of an attempt, as a report names it; `job` is the one that wrote the report, or the workflow.
#[must_use]
pub fn tested(run: &Executed, job: &Untrusted, test: &str, ended: Ended, duration_ms: Option<u64>) -> Outcome {
    Outcome {
        repo: run.repo.as_str().into(),
        branch: branch(&run.branch, run.fork),
        default_branch: run.default_branch.clone(),
        sha: run.sha.clone(),
        run: run.run.0,
        attempt: run.attempt,
        workflow: run.workflow.clone(),
        job: job.clone(),
        test: Some(test.into()),
        ended,
        at: run.updated_at,
        duration_ms,
        fingerprint: None,
        harmless: None,
    }
}

/// What a person's word about an incident says of its failures; nothing where nobody said it.
#[must_use]
pub fn corrected(incident: &Incident, now: Time) -> Vec<Outcome> {
    let Some(judged) = incident.judged.as_ref().filter(|judged| judged.by.is_some()) else { return Vec::new() };
    let harmless = Some(matches!(judged.cause, Cause::Flaky | Cause::Transient | Cause::Infra));
    let none = Evidence::default();
    let evidence = incident.headline().unwrap_or(&none);
    let told = |job: &JobState| job.run.map(|run| read(incident, run, job, evidence, now)).unwrap_or_default();
    let outcomes = incident.jobs.iter().flat_map(told);
    outcomes.map(|outcome| Outcome { harmless, ..outcome }).collect()
}

/// The failure that an incident is judged by: its one failing test, else its job. Where several tests failed, they follow.
#[must_use]
pub fn headlines(incident: &Incident, now: Time) -> Vec<Outcome> {
    let newest = incident.jobs.iter().max_by_key(|job| job.attempt);
    let is_newest =
        |job: &&JobState| newest.is_some_and(|newest| job.attempt == newest.attempt && job.run == newest.run);
    let Some(job) = incident.jobs.iter().find(is_newest) else { return Vec::new() };
    of_job(incident, job, incident.headline().unwrap_or(&Evidence::default()), now)
}

/// The same of one job, with what its log said.
#[must_use]
pub fn of_job(incident: &Incident, job: &JobState, evidence: &Evidence, now: Time) -> Vec<Outcome> {
    let mut all = job.run.map(|run| read(incident, run, job, evidence, now)).unwrap_or_default();
    if all.len() == 2 {
        all.remove(0);
    }
    all
}
