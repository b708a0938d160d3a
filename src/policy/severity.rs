//! How much to worry about an incident.

use crate::domain::event::{Conclusion, Scope};
use crate::domain::evidence::Severity;
use crate::domain::incident::Incident;

/// The severity with its reasons, from what is known so far. Flakiness needs history and is not judged here.
#[must_use]
pub fn severity(incident: &Incident) -> (Severity, Vec<String>) {
    if incident.scope == Scope::Alert {
        return (Severity::Security, vec!["a security alert".into()]);
    }
    let evidence = incident.headline();
    let category = evidence.map(|evidence| evidence.category);
    let issue = evidence.and_then(|evidence| evidence.known_issue.as_deref()).unwrap_or("known issue");
    if evidence.and_then(|evidence| evidence.advice.as_ref()).is_some_and(|a| a.severity == Severity::Blocker) {
        return (Severity::Blocker, vec![format!("{issue} fails every run until it is fixed")]);
    }
    if let Some(evidence) = evidence.filter(|evidence| evidence.is_transient()) {
        return (Severity::Transient, vec![format!("the log points to {}", evidence.category)]);
    }
    let ended = |want: Conclusion| incident.jobs.iter().any(|job| job.conclusion == want);
    if category.is_none()
        && (ended(Conclusion::TimedOut) || ended(Conclusion::Stuck) || ended(Conclusion::StartupFailure))
    {
        return (Severity::Transient, vec!["the job did not finish".into()]);
    }
    let branch = incident.branch.line(60);
    if incident.on_default_branch() {
        let kind = category.map_or("a failure".into(), |category| format!("a {category} failure"));
        return (Severity::Blocker, vec![format!("{kind} on the default branch {branch}")]);
    }
    (Severity::Normal, vec![format!("it affects only {branch}")])
}
