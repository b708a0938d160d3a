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
    let category = incident.headline().map(|evidence| evidence.category);
    if let Some(category) = category.filter(|category| category.is_transient()) {
        return (Severity::Transient, vec![format!("the log points to {category}")]);
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
