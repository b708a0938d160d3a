//! How sure the bot is that what it does by itself helps, and how far it may go with that.
//!
//! | Confidence | From | By itself, where granted |
//! |---|---|---|
//! | high | 80 % | opens its pull request and merges it once the checks pass |
//! | medium | 40 % | opens a pull request for people to merge |
//! | low | 0 % | nothing of the kind: people get the issue |
//!
//! The chance is the offer's: what the known issue's fixes came to so far, or the calibrated chance of the verdict.

use super::Case;
use super::tree::{Reason, gate};
use crate::domain::incident::{Incident, Proposal};

/// In percent.
const HIGH_FROM: u32 = 80;
const MEDIUM_FROM: u32 = 40;

fn spoken(chance: u32) -> &'static str {
    match chance {
        chance if chance >= HIGH_FROM => "high",
        chance if chance >= MEDIUM_FROM => "medium",
        _ => "low",
    }
}

fn at_least(chance: u32, from: u32, what: &str) -> Reason {
    let (is, wanted) = (spoken(chance), spoken(from));
    let words = format!("confidence is {is} ({chance} %); to {what} by itself takes {wanted} ({from} %)");
    gate("confidence", chance >= from, words).comparing(chance, from)
}

/// The chance that this remedy helps here, in percent, if it is offered.
#[must_use]
pub fn chance(incident: &Incident, remedy: &str) -> Option<u32> {
    let offer = incident.offers.iter().find(|offer| offer.remedy == remedy)?;
    format!("{:.0}", offer.help * 100.0).parse().ok()
}

/// Opening a pull request; nothing to ask of what has no chance of its own, as the end of a quarantine.
pub(super) fn opening(case: &Case<'_>) -> Option<Reason> {
    let proposed = of_plan(case).and_then(|proposal| proposal.help);
    let chance = proposed.or_else(|| chance(case.incident, &case.plan.remedy))?;
    Some(at_least(chance, MEDIUM_FROM, "open a pull request"))
}

/// Merging what the bot itself proposed; what a person asked for rests on that person's judgement.
pub(super) fn merging(case: &Case<'_>) -> Option<Reason> {
    let proposal = of_plan(case).filter(|proposal| proposal.by.key.is_none())?;
    Some(at_least(proposal.help?, HIGH_FROM, "merge it"))
}

fn of_plan<'a>(case: &Case<'a>) -> Option<&'a Proposal> {
    let is_it = |proposal: &&Proposal| proposal.plan.as_ref().is_some_and(|plan| plan.digest == case.plan.digest);
    case.incident.proposals.iter().rev().find(is_it)
}
