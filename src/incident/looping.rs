//! Loops of fixing agents: which runs they listen to, and how they end.

use super::attempts::is_one;
use super::proposal::{self, Input};
use super::state::Step;
use crate::agents;
use crate::domain::effect::Order;
use crate::domain::event::{Event, Scope};
use crate::domain::incident::{Incident, Proposal};
use crate::domain::refs::OwnBranch;

/// Branches on which loops of this incident are at work: what fails there is no failure of its own.
pub fn branches(incident: &Incident) -> impl Iterator<Item = OwnBranch> {
    let active = incident.proposals.iter().filter(|p| is_one(p) && p.state.is_active() && !p.dry_run);
    active.map(|p| agents::branch(p.id))
}

/// Branches of loops that ended without a pull request: what is late to fail there is nobody's failure.
pub fn former(incident: &Incident) -> impl Iterator<Item = OwnBranch> {
    let ended = |p: &&Proposal| is_one(p) && !p.state.is_active() && p.made.is_empty() && !p.attempts.is_empty();
    incident.proposals.iter().filter(ended).map(|p| agents::branch(p.id))
}

/// Whether the event tells of a run on such a branch.
pub fn is_of_trial(incident: &Incident, event: &Event) -> bool {
    let branch = match event {
        Event::Failed { failure } => &failure.branch,
        Event::Progressed { progress } => &progress.branch,
        _ => return false,
    };
    branches(incident).any(|ours| ours.as_str() == branch.raw())
}

/// A run there has ended: CI may have judged by now.
pub fn hear(step: &mut Step<'_>, event: &Event) {
    let ended = match event {
        Event::Failed { failure } => failure.scope == Scope::Run,
        Event::Progressed { progress } => progress.scope == Scope::Run && progress.conclusion.is_some(),
        _ => false,
    };
    if ended {
        proposal::plan_waiting(step);
    }
}

/// Its pull request is open.
pub fn fixed(step: &mut Step<'_>, own: &Proposal) {
    step.orders.push(Order::Came { passed: true });
    proposal::advance(step, own.id.n, &Input::Found);
    proposal::proposed(step, own);
}

pub fn gave_up(step: &mut Step<'_>, n: u32, why: String) {
    proposal::advance(step, n, &Input::GaveUp(why));
}
