//! Who owns what failed: asked for where somebody wants to know.

use super::escalating;
use super::state::Step;
use crate::domain::effect::{Effect, Lookup};
use crate::domain::facts::{Facts, Known};
use crate::domain::incident::Incident;
use crate::domain::subscription::slug;

/// Asks for the owners of the failing files, once the log has been read or cannot be.
pub fn ask(step: &mut Step<'_>) {
    let incident = &step.incident;
    let wanted = step.context.owners_wanted || escalating::is_critical(step.rules, incident);
    if !wanted || incident.owners_asked || incident.closed_at.is_some() || !is_read(incident) {
        return;
    }
    let Ok(onto) = incident.default_branch.parse() else { return };
    let mut paths = incident.paths();
    if paths.is_empty() {
        // What fails without naming a file is its workflow's.
        paths.push(format!(".github/workflows/{}.yml", slug(incident.workflow.raw())));
    }
    let lookups = vec![Lookup::Owners { repo: incident.repo.clone(), onto, paths }];
    step.incident.owners_asked = true;
    let incident = step.incident.no;
    step.effect(Effect::Gather { incident, proposal: None, lookups });
}

/// Whether nothing more is to be expected of the log.
fn is_read(incident: &Incident) -> bool {
    let no_log = !incident.confirmed || incident.lead_run().is_none_or(|run| run.run.is_none());
    !incident.evidence.is_empty() || incident.log_missing.is_some() || no_log
}

/// Facts that hold nothing but owners say nothing about what can be done.
pub fn told(facts: &Facts) -> bool {
    facts.owners.is_some() && facts.run.is_none() && facts.jobs.is_none() && facts.commit_message.is_none()
}

pub fn learn(step: &mut Step<'_>, facts: &Facts) {
    if let Some(Known::Is(owners)) = &facts.owners {
        step.incident.owners = Some(owners.clone());
    }
}
