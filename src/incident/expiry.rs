//! Quarantines and pins end on the day that was agreed to: then the bot proposes to take them out.

use super::proposal::{self, Opening};
use super::step::Step;
use crate::domain::Role;
use crate::domain::action::{Action, Wanted};
use crate::domain::event::Timer;
use crate::domain::incident::{Incident, Proposal, ProposalState, Proposer};
use crate::domain::intent::Wish;
use crate::domain::quarantined::midnight;
use crate::domain::time::{DAY_MS, Time};

/// What ends, by the wish that ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Ending {
    wish: Wish,
    at: Time,
}

/// What this incident made and nobody has asked to take out yet.
fn pending(incident: &Incident) -> Vec<Ending> {
    let mut endings: Vec<Ending> = Vec::new();
    let done = incident.proposals.iter().filter(|proposal| proposal.state == ProposalState::Done);
    for step in done.filter_map(|proposal| proposal.plan.as_ref()).flat_map(|plan| &plan.steps) {
        let ending = match &step.action {
            Action::Listed { entry } => {
                Some(Ending { wish: Wish::Unquarantine { id: Some(entry.id.clone()) }, at: entry.ends() })
            }
            Action::Branch { change: Wanted::Pin { package, until, .. }, .. } => {
                midnight(until).map(|at| Ending { wish: Wish::Unpin { package: package.clone() }, at })
            }
            _ => None,
        };
        let Some(ending) = ending else { continue };
        // What was extended ends on its newest day.
        match endings.iter_mut().find(|have| have.wish == ending.wish) {
            Some(have) => have.at = ending.at,
            None => endings.push(ending),
        }
    }
    endings.retain(|ending| !is_asked(incident, &ending.wish));
    endings
}

fn is_asked(incident: &Incident, wanted: &Wish) -> bool {
    let of = |wish: &Wish| match (wish, wanted) {
        (Wish::Unquarantine { id: None }, Wish::Unquarantine { .. }) => true,
        (wish, wanted) => wish == wanted,
    };
    // What was refused is gone or was changed by hand: people have been told once.
    let lives = |state: &ProposalState| {
        state.is_active() || matches!(state, ProposalState::Done | ProposalState::Refused { .. })
    };
    incident.proposals.iter().any(|proposal| of(&proposal.wish) && lives(&proposal.state) && !proposal.dry_run)
}

/// Wakes up when the next one ends.
pub fn watch(step: &mut Step<'_>) {
    if let Some(at) = pending(&step.incident).into_iter().map(|ending| ending.at).min() {
        step.timer(Timer::Release, at);
    }
}

/// A release that failed half-way, as under the emergency stop, is tried again a day later.
pub fn failed(step: &mut Step<'_>, proposal: &Proposal) {
    if proposal.by.key.is_none() && matches!(proposal.wish, Wish::Unquarantine { .. } | Wish::Unpin { .. }) {
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
    if let Some(ending) = pending(&step.incident).into_iter().find(|ending| ending.at <= now) {
        let by = Proposer { key: None, name: "CI Rescue".into(), role: Role::Viewer, github: None };
        let wish = ending.wish;
        proposal::open(step, Opening { wish, force: false, dry_run: false, by, reply: None, seen: None });
    }
    watch(step);
}
