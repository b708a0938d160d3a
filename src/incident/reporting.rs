//! What test reports among a run's artifacts say, where its logs name no failing test.

use crate::domain::evidence::{Category, Evidence, Reported};
use crate::domain::incident::{Incident, LogSeen};
use crate::evidence::reported::{name, takes_names};

/// Keeps what reports say. Answers the evidence that it makes, to be taken in; none where a log named the tests.
pub fn reported(incident: &mut Incident, reported: &Reported) -> Option<Evidence> {
    if !is_current(incident, reported) {
        return None;
    }
    incident.reported = Some(reported.clone());
    if incident.evidence.iter().any(|evidence| !evidence.failing_tests.is_empty()) {
        return None;
    }
    let at = incident.evidence.iter().position(takes);
    let mut evidence = at.map(|at| incident.evidence.remove(at)).unwrap_or_default();
    let before = at.map(|_| LogSeen::of(&evidence));
    add(&mut evidence, reported);
    for job in incident.jobs.iter_mut().filter(|job| before.is_some() && job.log == before) {
        job.log = Some(LogSeen::of(&evidence));
    }
    Some(evidence)
}

/// A log's evidence, with what reports said before it was read; the reports need no evidence of their own then.
pub fn completed(incident: &mut Incident, of_log: &Evidence) -> Evidence {
    let mut evidence = of_log.clone();
    let Some(reported) = incident.reported.clone().filter(|reported| is_current(incident, reported)) else {
        return evidence;
    };
    if takes(&evidence) {
        incident.evidence.retain(|have| !is_of_reports_alone(have));
        if evidence.failing_tests.is_empty() {
            add(&mut evidence, &reported);
        }
    }
    evidence
}

fn is_current(incident: &Incident, reported: &Reported) -> bool {
    incident.runs.iter().any(|run| run.run == Some(reported.run) && run.attempt == reported.attempt)
}

/// Whether failing tests can be what a log is about: another job's reports say nothing of a lint.
fn takes(evidence: &Evidence) -> bool {
    evidence.category == Category::Test || takes_names(evidence)
}

fn is_of_reports_alone(evidence: &Evidence) -> bool {
    evidence.lines == 0 && evidence.excerpt.is_none()
}

fn add(evidence: &mut Evidence, reported: &Reported) {
    name(evidence, &reported.tests, (reported.total, reported.of), reported.message.clone());
}
