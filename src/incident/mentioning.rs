//! Whose failure it is is told to them, once: where they are mentioned is the engine's to know.

use super::state::Step;
use crate::domain::effect::Effect;
use crate::domain::event::{Scope, Timer};
use crate::domain::evidence::Severity;
use crate::domain::journal::Note;
use crate::domain::time::MINUTE_MS;
use crate::policy;

/// The verdict comes first, and a failure that goes away at once is nobody's.
const SETTLE_MS: i64 = MINUTE_MS;

/// Looks soon whether somebody has to be mentioned.
pub fn watch(step: &mut Step<'_>) {
    let incident = &step.incident;
    if incident.mention_due.is_some() || incident.whose().is_none() || !is_due(step) {
        return;
    }
    let at = step.now.plus_ms(SETTLE_MS);
    step.incident.mention_due = Some(at);
    step.timer(Timer::Mention, at);
}

/// Once for the failure, and once for its escalation; one mention may be both.
fn is_due(step: &Step<'_>) -> bool {
    let incident = &step.incident;
    (incident.mention_again && may_mention(step)) || (incident.mentioned_at.is_none() && is_worth_it(step))
}

/// Somebody can be asked about it, it is not a pull request's own, and nobody said to leave it alone.
fn may_mention(step: &Step<'_>) -> bool {
    let incident = &step.incident;
    let own = incident.fork || !incident.pulls.is_empty() || incident.base.is_some() || incident.adopted_by.is_some();
    let tended = incident.taken.is_some() || incident.snoozed.is_some();
    incident.closed_at.is_none() && incident.confirmed && !own && !tended && !policy::skips(step.rules, incident)
}

/// A failure that is judged, that someone can be asked about, and that is not a pull request's own.
fn is_worth_it(step: &Step<'_>) -> bool {
    let incident = &step.incident;
    may_mention(step)
        && (incident.judged.is_some() || incident.evidence.is_empty())
        // A message that is not known may have the flag; an alert has none.
        && (incident.commit_message.is_some() || incident.scope == Scope::Alert)
        && !matches!(incident.severity, Severity::Flaky | Severity::Transient)
        && step.context.mentioning.severities.contains(&incident.severity)
}

/// Its time has come: now, when the quiet hours end, or not at all.
pub fn due(step: &mut Step<'_>) {
    step.incident.mention_due = None;
    if !is_due(step) {
        return;
    }
    let Some((whose, owners)) = step.incident.whose() else { return };
    let mentioning = &step.context.mentioning;
    if mentioning.places.is_empty() && mentioning.direct.is_empty() {
        return;
    }
    if let Some(at) = mentioning.quiet_until {
        step.incident.mention_due = Some(at);
        return step.timer(Timer::Mention, at);
    }
    let escalated = step.incident.escalations.first().filter(|_| step.incident.mention_again);
    let escalated = escalated.map(|escalation| escalation.because.clone());
    let first = step.incident.mentioned_at.is_none();
    step.incident.mentioned_at = Some(step.now);
    step.incident.mention_again = false;
    let places = mentioning.places.clone();
    if !places.is_empty() {
        step.tell(None, Note::Mentioned { owners, whose, places, escalated });
    }
    if first {
        direct(step);
    }
}

/// Whoever most likely broke it and wants to know.
fn direct(step: &mut Step<'_>) {
    let incident = &step.incident;
    let to = step.context.mentioning.direct.clone();
    let Some(suspect) = incident.suspicion.as_ref().and_then(|suspicion| suspicion.bracketed()) else { return };
    if to.is_empty() {
        return;
    }
    let note = Note::Blamed {
        incident: incident.no,
        repo: incident.repo.clone(),
        sha: suspect.sha.clone(),
        subject: suspect.subject.clone(),
        workflow: incident.workflow.clone(),
        branch: incident.branch.clone(),
    };
    step.effect(Effect::Direct { to, note });
}
