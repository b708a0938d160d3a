//! Whose failure it is is told to them, once: where they are mentioned is the engine's to know.

use super::state::Step;
use crate::domain::effect::Effect;
use crate::domain::event::{Scope, Timer};
use crate::domain::evidence::Severity;
use crate::domain::journal::Note;
use crate::domain::mention::{Held, Mentioning, Whose};
use crate::domain::time::MINUTE_MS;
use crate::policy;

/// The verdict comes first, and a failure that goes away at once is nobody's.
const SETTLE_MS: i64 = MINUTE_MS;

/// Looks soon whether somebody has to be mentioned.
pub fn watch(step: &mut Step<'_>) {
    let incident = &step.incident;
    let at = step.now.plus_ms(SETTLE_MS);
    // Whom quiet hours hold back waits for them alone, and an escalation does not.
    let waits_for_some = incident.mention_again && !incident.mention_held.is_empty();
    let soon = incident.mention_due.is_some_and(|due| !waits_for_some || due <= at);
    if soon || incident.whose().is_none() || !is_due(step) {
        return;
    }
    step.incident.mention_due = Some(at);
    step.timer(Timer::Mention, at);
}

/// Once for the failure, and once for its escalation; one mention may be both. Those in their quiet hours come later.
fn is_due(step: &Step<'_>) -> bool {
    let incident = &step.incident;
    let first = incident.mentioned_at.is_none() || !incident.mention_held.is_empty();
    (incident.mention_again && may_mention(step)) || (first && is_worth_it(step))
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
        let incident = &mut step.incident;
        if incident.closed_at.is_some() || incident.taken.is_some() || incident.adopted_by.is_some() {
            incident.mention_held = Held::default();
        }
        return;
    }
    let Some((whose, _)) = step.incident.whose() else { return };
    let mentioning = &step.context.mentioning;
    let (anybody, asleep) = reached(mentioning);
    if !anybody && !asleep {
        return;
    }
    if let Some(at) = mentioning.quiet_until {
        step.incident.mention_due = Some(at);
        return step.timer(Timer::Mention, at);
    }
    let told = step.incident.to_mention();
    let held = std::mem::take(&mut step.incident.mention_held);
    let author = step.incident.mentioned_at.is_none() || held.author;
    step.incident.mentioned_at = Some(step.now);
    tell(step, whose, &told);
    step.incident.mention_again = false;
    hold(step, author);
    if author && step.context.mentioning.author_asleep.is_none() {
        direct(step);
    }
}

/// Whether anybody can be told now, and whether anybody can later.
fn reached(mentioning: &Mentioning) -> (bool, bool) {
    let now = !mentioning.places.is_empty() || !mentioning.privately.is_empty();
    let author = !mentioning.direct.is_empty();
    let author_now = author && mentioning.author_asleep.is_none();
    (now || author_now, !mentioning.asleep.is_empty() || author)
}

/// In the thread, and privately to those who want that instead.
fn tell(step: &mut Step<'_>, whose: Whose, owners: &[String]) {
    let mentioning = step.context.mentioning.clone();
    let escalated = step.incident.escalations.first().filter(|_| step.incident.mention_again);
    let escalated = escalated.map(|escalation| escalation.because.clone());
    let asleep = |owner: &&String| mentioning.asleep.iter().any(|(other, _)| other == *owner);
    let awake: Vec<String> = owners.iter().filter(|owner| !asleep(owner)).cloned().collect();
    for to in mentioning.privately {
        let incident = &step.incident;
        let note = Note::Yours {
            incident: incident.no,
            repo: incident.repo.clone(),
            workflow: incident.workflow.clone(),
            branch: incident.branch.clone(),
            whose,
            escalated: escalated.clone(),
        };
        step.effect(Effect::Direct { to, note });
    }
    if !mentioning.places.is_empty() {
        step.tell(None, Note::Mentioned { owners: awake, whose, places: mentioning.places, escalated });
    }
}

/// Whoever is in their quiet hours is told when the first of these end.
fn hold(step: &mut Step<'_>, author: bool) {
    let mentioning = &step.context.mentioning;
    let author_at = mentioning.author_asleep.filter(|_| author);
    let first = mentioning.asleep.iter().map(|(_, until)| *until).chain(author_at).min();
    let Some(at) = first else { return };
    let owners = mentioning.asleep.iter().map(|(owner, _)| owner.clone()).collect();
    step.incident.mention_held = Held { owners, author: author_at.is_some() };
    step.incident.mention_due = Some(at);
    step.timer(Timer::Mention, at);
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
