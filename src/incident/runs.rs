//! An incident's runs, as all that arrives changes them: new attempts, logs to read, failing again.

use super::escalating;
use super::state::Step;
use crate::domain::action::Action;
use crate::domain::effect::{Effect, Order};
use crate::domain::event::{Conclusion, LogRead};
use crate::domain::evidence::Category;
use crate::domain::ids::RunId;
use crate::domain::incident::{Incident, JobState, LogSeen, RunState};
use crate::domain::journal::Note;

/// Drops what earlier attempts left behind.
pub fn new_attempt(step: &mut Step<'_>, id: RunId, attempt: u32) {
    let incident = &mut step.incident;
    let Some(run) = incident.runs.iter_mut().find(|run| run.run == Some(id)) else { return };
    if run.conclusion.is_some_and(Conclusion::is_failure) && attempt > run.failed_attempt {
        run.failed_attempt = attempt;
        run.logs = 0;
        incident.jobs.retain(|job| job.run != Some(id) || job.attempt >= attempt);
        incident.evidence.clear();
        incident.log_missing = None;
        failed_again(step, Some(id), attempt);
    }
}

/// An attempt failed: where the bot started it by itself, that counts.
pub fn failed_again(step: &mut Step<'_>, run: Option<RunId>, attempt: u32) {
    if is_automatic(&step.incident, run, attempt) {
        step.orders.push(Order::Came { passed: false });
    }
}

pub fn reopen(step: &mut Step<'_>, because: &str) {
    step.incident.closed_at = None;
    step.incident.gone = false;
    step.incident.resolved = None;
    if let Some(queue) = &mut step.incident.queue {
        queue.reopened = queue.is_over();
    }
    escalating::reopen(&mut step.incident, step.now);
    step.incident.adopted_by = None;
    step.tell(None, Note::Reopened { because: because.into() });
}

/// Notes that a job of this attempt timed out.
pub fn timed_out(incident: &mut Incident, id: Option<RunId>, attempt: u32) {
    let run = incident.runs.iter_mut().find(|run| id.is_some() && run.run == id);
    if let Some(run) = run.filter(|run| !run.timed_out.contains(&attempt)) {
        run.timed_out.push(attempt);
        run.timed_out.sort_unstable();
    }
}

/// GitHub calls a job that ran into its limit cancelled; the log knows better.
pub fn note_timeout(incident: &mut Incident, id: RunId, attempt: u32, read: &LogRead) {
    if matches!(read, LogRead::Read(evidence) if evidence.category == Category::Timeout) {
        timed_out(incident, Some(id), attempt);
    }
}

/// Notes for the job what its log said.
pub fn note_log(incident: &mut Incident, (id, attempt, job_id): (RunId, u32, u64), log: &LogSeen) {
    let of = |job: &&mut JobState| job.run == Some(id) && job.attempt == attempt && job.id == Some(job_id);
    if let Some(job) = incident.jobs.iter_mut().find(of) {
        job.log = Some(log.clone());
    }
}

/// Requests a job's log, at most `logs_per_run` per run.
pub fn read_log(step: &mut Step<'_>, run: Option<RunId>, attempt: u32, job_id: Option<u64>) {
    let (Some(run), Some(job_id)) = (run, job_id) else { return };
    let limit = step.rules.logs_per_run;
    let Some(state) = step.incident.runs.iter_mut().find(|state| state.run == Some(run)) else { return };
    if state.logs >= limit {
        return;
    }
    state.logs += 1;
    let (incident, repo) = (step.incident.no, step.incident.repo.clone());
    let job = step.incident.jobs.iter().find(|job| job.id == Some(job_id));
    let names = job.map_or_else(Vec::new, |job| job.step.iter().chain([&job.name]).cloned().collect());
    step.effect(Effect::ReadLog { incident, repo, run, attempt, job_id, names });
}

/// Whether the bot started this attempt by itself.
pub fn is_automatic(incident: &Incident, run: Option<RunId>, attempt: u32) -> bool {
    let started = |action: &Action| matches!(action, Action::Rerun { run: again, attempt: before, .. } if Some(*again) == run && before + 1 == attempt);
    let ours = incident.proposals.iter().filter(|proposal| proposal.by.key.is_none());
    ours.filter_map(|proposal| proposal.plan.as_ref()).flat_map(|plan| &plan.steps).any(|step| started(&step.action))
}

/// What passed supersedes the older runs of its workflow and branch. One that was adopted may be newer than the others.
pub fn supersede_older(incident: &mut Incident) {
    let green = |run: &&RunState| run.run.is_some() && run.conclusion.is_some_and(Conclusion::is_green);
    let passed: Vec<RunState> = incident.runs.iter().filter(green).cloned().collect();
    for run in incident.runs.iter_mut().filter(|run| !run.is_settled() && run.run.is_some()) {
        run.superseded = passed
            .iter()
            .any(|newer| newer.run > run.run && newer.workflow == run.workflow && newer.branch == run.branch);
    }
}
