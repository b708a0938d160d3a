//! Quarantines end on the day that was agreed to: then the bot proposes to take them out.

use super::proposal::{self, Opening};
use super::step::Step;
use crate::domain::Role;
use crate::domain::action::{Action, Wanted};
use crate::domain::event::Timer;
use crate::domain::incident::{Incident, Proposal, ProposalState, Proposer};
use crate::domain::intent::Wish;
use crate::domain::time::{DAY_MS, Time};

/// A quarantine that this incident made and that nobody has asked to take out yet: its id and its last day.
fn pending(incident: &Incident) -> Vec<(String, Time)> {
    let done = incident.proposals.iter().filter(|proposal| proposal.state == ProposalState::Done);
    let steps = done.filter_map(|proposal| proposal.plan.as_ref()).flat_map(|plan| &plan.steps);
    let made = steps.filter_map(|step| match &step.action {
        Action::Branch { change: Wanted::Quarantine { id, until, .. }, .. } => Some((id.clone(), midnight(until)?)),
        _ => None,
    });
    made.filter(|(id, _)| !is_asked(incident, id)).collect()
}

fn is_asked(incident: &Incident, wanted: &str) -> bool {
    let of = |wish: &Wish| matches!(wish, Wish::Unquarantine { id } if id.as_deref().is_none_or(|id| id == wanted));
    // What was refused is gone or was changed by hand: people have been told once.
    let lives = |state: &ProposalState| {
        state.is_active() || matches!(state, ProposalState::Done | ProposalState::Refused { .. })
    };
    incident.proposals.iter().any(|proposal| of(&proposal.wish) && lives(&proposal.state) && !proposal.dry_run)
}

/// The beginning of a day, `YYYY-MM-DD`, UTC.
fn midnight(day: &str) -> Option<Time> {
    let day = chrono::NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    Some(Time(day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis()))
}

/// Wakes up when the next one ends.
pub fn watch(step: &mut Step<'_>) {
    if let Some(at) = pending(&step.incident).into_iter().map(|(_, at)| at).min() {
        step.timer(Timer::Release, at);
    }
}

/// A release that failed half-way, as under the emergency stop, is tried again a day later.
pub fn failed(step: &mut Step<'_>, proposal: &Proposal) {
    if proposal.by.key.is_none() && matches!(proposal.wish, Wish::Unquarantine { .. }) {
        let at = step.now.plus_ms(DAY_MS);
        step.timer(Timer::Release, at);
    }
}

/// Proposes to take out what has ended, one at a time.
pub fn release(step: &mut Step<'_>) {
    let now = step.now;
    if step.context.hold.is_some() {
        return step.timer(Timer::Release, now.plus_ms(DAY_MS));
    }
    if let Some((id, _)) = pending(&step.incident).into_iter().find(|(_, at)| *at <= now) {
        let by = Proposer { key: None, name: "CI Rescue".into(), role: Role::Viewer, github: None };
        let wish = Wish::Unquarantine { id: Some(id) };
        proposal::open(step, Opening { wish, force: false, dry_run: false, by, reply: None, seen: None });
    }
    watch(step);
}
