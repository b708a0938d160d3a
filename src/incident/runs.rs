//! An incident's runs, as all that arrives changes them: new attempts, logs to read, failing again.

use super::escalating;
use super::state::Step;
use crate::domain::effect::Effect;
use crate::domain::event::Conclusion;
use crate::domain::ids::RunId;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;

/// Drops what earlier attempts left behind.
pub fn new_attempt(incident: &mut Incident, id: RunId, attempt: u32) {
    let Some(run) = incident.runs.iter_mut().find(|run| run.run == Some(id)) else { return };
    if run.conclusion.is_some_and(Conclusion::is_failure) && attempt > run.failed_attempt {
        run.failed_attempt = attempt;
        run.logs = 0;
        incident.jobs.retain(|job| job.run != Some(id) || job.attempt >= attempt);
        incident.evidence.clear();
        incident.log_missing = None;
    }
}

pub fn reopen(step: &mut Step<'_>, because: &str) {
    step.incident.closed_at = None;
    step.incident.gone = false;
    step.incident.escalated_at = None;
    escalating::watch(step);
    step.incident.adopted_by = None;
    step.tell(None, Note::Reopened { because: because.into() });
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
