//! How an incident ends although nothing passed.

use super::proposal;
use super::state::Step;
use crate::domain::incident::{Proposal, ProposalState};

pub fn is_acting(proposal: &Proposal) -> bool {
    matches!(proposal.state, ProposalState::Running { .. } | ProposalState::Undoing { .. })
}

/// Closed although nothing passed.
pub fn put_away(step: &mut Step<'_>, why: &str) {
    step.incident.closed_at = Some(step.now);
    step.incident.gone = true;
    step.incident.offers.clear();
    proposal::close(step, why);
}
