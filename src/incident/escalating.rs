//! A critical workflow that stays broken on the default branch is escalated, once.

use super::state::Step;
use crate::domain::event::Timer;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::rules::Rules;
use crate::domain::subscription::{glob, slug};
use crate::domain::time::{HOUR_MS, Span};

const AFTER_MS: i64 = 4 * HOUR_MS;

/// Whether the incident blocks a workflow that the policy calls critical.
pub fn is_critical(rules: &Rules, incident: &Incident) -> bool {
    let listed = |name: &str| rules.critical_workflows.iter().any(|want| glob(&slug(want), &slug(name)));
    incident.closed_at.is_none()
        && incident.confirmed
        && incident.on_default_branch()
        && incident.runs.iter().any(|run| listed(run.workflow.raw()))
}

/// Looks again when it has been broken for too long.
pub fn watch(step: &mut Step<'_>) {
    if is_critical(step.rules, &step.incident) {
        let at = step.now.plus_ms(AFTER_MS);
        step.timer(Timer::Critical, at);
    }
}

pub fn due(step: &mut Step<'_>) {
    if step.incident.escalated_at.is_some() || !is_critical(step.rules, &step.incident) {
        return;
    }
    step.incident.escalated_at = Some(step.now);
    let owners = step.incident.owners.clone().unwrap_or_default();
    let workflow = step.incident.workflow.clone();
    step.tell(None, Note::Escalated { workflow, after: Span(AFTER_MS).to_string(), owners });
}
