//! Approvals run out: those of proposals, and those of their undos.

use super::state::Step;
use crate::domain::event::Timer;
use crate::domain::incident::Proposal;

/// Wakes up when the next one does.
pub fn watch(step: &mut Step<'_>) {
    let awaited = step.incident.proposals.iter().filter_map(Proposal::awaited);
    if let Some(at) = awaited.filter_map(|proposal| proposal.expires_at).min() {
        step.timer(Timer::Expiry, at);
    }
}
