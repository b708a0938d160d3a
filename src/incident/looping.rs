//! Loops of fixing agents: which runs they listen to, and how they end.

use super::attempts::{self, is_one};
use super::escalating;
use super::judging::{blank, judge};
use super::proposal::{self, Input, Opening};
use super::state::Step;
use crate::agents;
use crate::domain::Role;
use crate::domain::effect::Order;
use crate::domain::event::{Event, Scope};
use crate::domain::facts::Facts;
use crate::domain::incident::{Incident, Offer, Proposal, Proposer};
use crate::domain::intent::Wish;
use crate::domain::refs::OwnBranch;
use crate::policy::Verdict;
use crate::remedies;

/// The remedy that a loop is.
const AGENT: &str = "agent";

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
    attempts::record(step, own, true);
    proposal::advance(step, own.id.n, &Input::Found);
    proposal::proposed(step, own);
}

pub fn gave_up(step: &mut Step<'_>, n: u32, why: String) {
    proposal::advance(step, n, &Input::GaveUp(why));
}

/// The specialist's agent, where nothing better is recommended and the operator grants it. One loop an incident.
pub fn consider(step: &mut Step<'_>) {
    let offered = step.incident.offers.iter().any(|offer| offer.remedy == AGENT);
    // An issue helps nobody yet.
    let tells = |offer: &Offer| remedies::by_id(&offer.remedy).is_some_and(|remedy| remedy.nature().tells);
    let better = |offer: &Offer| offer.recommended && offer.remedy != AGENT && !tells(offer);
    let tried = step.incident.proposals.iter().any(Proposal::is_loop);
    if step.incident.is_over()
        || !offered
        || tried
        || step.incident.offers.iter().any(better)
        || step.incident.busy().is_some()
    {
        return;
    }
    let decision = judge(step, &blank(AGENT), None, false, &Facts::default());
    if !decision.meets("mode") || !decision.meets("granted") {
        return;
    }
    if step.incident.protected.is_none() && !step.incident.on_default_branch() {
        return escalating::ask_protection(step);
    }
    // Money and pauses are judged by the plan.
    if decision.verdict != Verdict::Allow {
        return;
    }
    let by = Proposer { key: None, name: "CI Rescue".into(), role: Role::Viewer, github: None };
    let wish = Wish::Agent { ask: None };
    proposal::open(step, Opening { wish, force: false, dry_run: false, by, reply: None, seen: None });
}
