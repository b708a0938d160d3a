//! How much to worry about an incident.

use crate::domain::cause::Cause;
use crate::domain::event::{Conclusion, Scope};
use crate::domain::evidence::Severity;
use crate::domain::incident::{Incident, RunState};
use std::collections::BTreeSet;

/// The severity with its reasons, from what is known so far: the first row that holds.
///
/// | Severity | When |
/// |---|---|
/// | security | it is an alert |
/// | normal | a workflow did not run at its time |
/// | blocker | no runner is online that its jobs could use |
/// | transient | its jobs wait for a runner |
/// | normal | a deployment waits for approval |
/// | blocker | a known issue fails every run until it is fixed |
/// | flaky | history shows a flake |
/// | transient | history or the log points to the machine, the network or a timeout |
/// | blocker | it is on the default branch, with evidence that it recurs |
/// | normal | all else |
#[must_use]
pub fn severity(incident: &Incident) -> (Severity, Vec<String>) {
    if incident.scope == Scope::Alert {
        return (Severity::Security, vec!["a security alert".into()]);
    }
    if let Some(missed) = &incident.missed {
        return (Severity::Normal, vec![missed.silence.words(&missed.file())]);
    }
    if let Some(runner) = &incident.runner {
        let severity = if runner.is_gone() { Severity::Blocker } else { Severity::Transient };
        return (severity, vec![runner.words()]);
    }
    if incident.deployment.is_some() {
        return (Severity::Normal, vec!["a deployment waits for approval".into()]);
    }
    let evidence = incident.headline();
    let issue = evidence.and_then(|evidence| evidence.known_issue.as_deref()).unwrap_or("known issue");
    if evidence.and_then(|evidence| evidence.advice.as_ref()).is_some_and(|a| a.severity == Severity::Blocker) {
        return (Severity::Blocker, vec![format!("{issue} fails every run until it is fixed")]);
    }
    let cause = incident.judged.as_ref().map_or(Cause::Unknown, |judged| judged.cause);
    let because =
        |words: &str| incident.judged.as_ref().and_then(|j| j.because.first()).cloned().unwrap_or(words.into());
    match cause {
        Cause::Flaky => return (Severity::Flaky, vec![because("it is a known flake")]),
        Cause::Transient | Cause::Infra => return (Severity::Transient, vec![because("it is an outage")]),
        _ => {}
    }
    if cause == Cause::Unknown {
        if let Some(evidence) = evidence.filter(|evidence| evidence.is_transient()) {
            return (Severity::Transient, vec![format!("the log points to {}", evidence.category)]);
        }
        if evidence.is_none() && unfinished(incident) {
            return (Severity::Transient, vec!["the job did not finish".into()]);
        }
    }
    let branch = incident.branch.line(60);
    match recurs(incident, cause).filter(|_| incident.on_default_branch()) {
        Some(why) => (Severity::Blocker, vec![format!("{why} on the default branch {branch}")]),
        None if incident.on_default_branch() => {
            (Severity::Normal, vec![format!("nothing shows yet that it recurs on {branch}")])
        }
        None => (Severity::Normal, vec![format!("it affects only {branch}")]),
    }
}

fn unfinished(incident: &Incident) -> bool {
    let ended = |want: Conclusion| incident.jobs.iter().any(|job| job.conclusion == want);
    ended(Conclusion::TimedOut) || ended(Conclusion::Stuck) || ended(Conclusion::StartupFailure)
}

/// Evidence that the same commit fails again.
fn recurs(incident: &Incident, cause: Cause) -> Option<String> {
    match cause {
        Cause::Deterministic => return Some("a breakage".into()),
        Cause::BaseBroken => return Some("an older breakage".into()),
        Cause::Dependency => return Some("a dependency's change".into()),
        _ => {}
    }
    if let Some(evidence) = incident.headline().filter(|evidence| !evidence.is_transient()) {
        let issue = evidence.known_issue.as_ref().filter(|_| evidence.advice.is_some());
        let category = evidence.is_deterministic().then(|| format!("a {} failure", evidence.category));
        if let Some(why) = issue.cloned().or(category) {
            return Some(why);
        }
    }
    let again = |run: &RunState| run.attempt > 1 && run.failed_attempt == run.attempt && !run.superseded;
    if incident.runs.iter().any(again) {
        return Some("a failure that a retry did not clear".into());
    }
    let shas: BTreeSet<&str> = incident.runs.iter().filter(|run| !run.superseded).map(|run| run.sha.as_str()).collect();
    (shas.len() > 1).then(|| format!("the same failure at {} commits", shas.len()))
}
