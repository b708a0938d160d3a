//! People take an incident, pass it on, snooze it, resolve it by hand, and reopen it.

use super::runs;
use super::state::Step;
use super::{ending, escalating};
use crate::domain::actor::{Platform, Principal};
use crate::domain::effect::Effect;
use crate::domain::event::{Request, Timer};
use crate::domain::evidence::Severity;
use crate::domain::incident::Incident;
use crate::domain::intent::Intent;
use crate::domain::journal::Note;
use crate::domain::tending::{Resolved, Snoozed, Taken};
use crate::domain::text::Untrusted;
use crate::domain::time::DAY_MS;

/// The longest snooze: what rests longer is resolved, or an issue.
const SNOOZE_MAX_MS: i64 = 7 * DAY_MS;

type Answer = Result<Note, String>;

/// # Errors
/// A sentence for whoever asked.
pub fn asked(step: &mut Step<'_>, request: &Request) -> Answer {
    let by = &request.by;
    match &request.intent {
        Intent::Assign { to, key: Some(key), direct, .. } => assign(step, by, &(to.clone(), key.clone()), direct),
        Intent::Assign { to, .. } => Err(format!("nobody is called {}", to.line(60))),
        Intent::Snooze { for_ms, .. } => snooze(step, by, *for_ms),
        Intent::Resolve { reason, .. } => resolve(step, by, reason.as_ref()),
        Intent::Reopen { .. } => reopen(step, by),
        _ => acknowledge(step, by),
    }
}

fn told(step: &mut Step<'_>, by: &Principal, note: Note) -> Note {
    step.tell(Some(by.key.clone()), note.clone());
    note
}

fn open(incident: &Incident) -> Result<(), String> {
    match incident.adopted_by {
        Some(older) => Err(format!("work on it continues in {older}")),
        None if incident.closed_at.is_some() => Err("the incident is already resolved".into()),
        None => Ok(()),
    }
}

/// The person has it; whoever had it before does not.
fn acknowledge(step: &mut Step<'_>, by: &Principal) -> Answer {
    open(&step.incident)?;
    let before = step.incident.taken.take();
    if before.as_ref().is_some_and(|taken| taken.key == by.key) {
        step.incident.taken = before;
        return Err("you have it already".into());
    }
    step.incident.taken = Some(Taken { by: by.name.clone(), key: by.key.clone(), at: step.now });
    Ok(told(step, by, Note::Acknowledged { by: by.name.clone(), from: before.map(|taken| taken.by) }))
}

/// Passes it on to a person; `to` is their name and key, `direct` where they want to be told.
fn assign(step: &mut Step<'_>, by: &Principal, to: &(Untrusted, String), direct: &[(Platform, String)]) -> Answer {
    if to.1 == by.key {
        return acknowledge(step, by);
    }
    open(&step.incident)?;
    if step.incident.taken.as_ref().is_some_and(|taken| taken.key == to.1) {
        return Err(format!("{} has it already", to.0.line(60)));
    }
    step.incident.taken = Some(Taken { by: to.0.clone(), key: to.1.clone(), at: step.now });
    if !direct.is_empty() {
        // Nothing of the incident itself: they may not be allowed to read its repository.
        let note = Note::AssignedToYou { incident: step.incident.no, by: by.name.clone() };
        step.effect(Effect::Direct { to: direct.to_vec(), note });
    }
    Ok(told(step, by, Note::Assigned { by: by.name.clone(), to: to.0.clone() }))
}

/// Nobody is mentioned and nothing is escalated for `for_ms`.
fn snooze(step: &mut Step<'_>, by: &Principal, for_ms: i64) -> Answer {
    open(&step.incident)?;
    if for_ms <= 0 {
        let over = step.incident.snoozed.take().ok_or("it is not snoozed")?;
        return Ok(told(step, by, Note::Woken { because: format!("{} ended the snooze", over.by.line(60)) }));
    }
    let until = step.now.plus_ms(for_ms.min(SNOOZE_MAX_MS));
    let (severity, jobs) = (step.incident.severity, step.incident.jobs.len());
    step.incident.snoozed = Some(Snoozed { by: by.name.clone(), until, severity, jobs });
    step.timer(Timer::Snooze, until);
    Ok(told(step, by, Note::Snoozed { by: by.name.clone(), until }))
}

/// Closed by hand. What is being carried out ends first.
fn resolve(step: &mut Step<'_>, by: &Principal, reason: Option<&Untrusted>) -> Answer {
    open(&step.incident)?;
    if let Some(proposal) = step.incident.proposals.iter().find(|proposal| ending::is_acting(proposal)) {
        return Err(format!("{} is being carried out; try again once it has ended", proposal.id));
    }
    ending::put_away(step, "a person resolved the incident");
    step.incident.resolved = Some(Resolved { by: by.name.clone(), reason: reason.cloned() });
    Ok(told(step, by, Note::ResolvedBy { by: by.name.clone(), reason: reason.cloned() }))
}

/// It is not over after all.
fn reopen(step: &mut Step<'_>, by: &Principal) -> Answer {
    if let Some(older) = step.incident.adopted_by {
        return Err(format!("work on it continues in {older}; reopen that one"));
    }
    if step.incident.closed_at.is_none() {
        return Err("it is open".into());
    }
    step.incident.resolved = None;
    step.incident.taken = None;
    let because = format!("{} reopened it", by.name.line(60));
    runs::reopen(step, &because);
    super::offering::ask(step);
    Ok(Note::Reopened { because })
}

/// A snooze ends by itself, and early where things are worse than when it began.
pub fn look(step: &mut Step<'_>) {
    let Some(snoozed) = &step.incident.snoozed else { return };
    let incident = &step.incident;
    let because = if incident.closed_at.is_some() {
        return step.incident.snoozed = None;
    } else if incident.jobs.len() > snoozed.jobs {
        format!("more jobs failed ({} instead of {})", incident.jobs.len(), snoozed.jobs)
    } else if is_worse(incident.severity, snoozed.severity) {
        format!("it is {} now", incident.severity.as_str())
    } else if step.now >= snoozed.until {
        "its time is over".to_owned()
    } else {
        return;
    };
    step.incident.snoozed = None;
    step.tell(None, Note::Woken { because });
    escalating::look(step);
}

fn is_worse(now: Severity, before: Severity) -> bool {
    let grave = |severity| matches!(severity, Severity::Blocker | Severity::Security);
    grave(now) && !grave(before)
}
