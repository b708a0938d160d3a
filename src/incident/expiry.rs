//! Quarantines and pins expire on the approved day: then the bot proposes to remove them.

use super::state::Step;
use crate::domain::action::{Action, ChangeSpec};
use crate::domain::event::Timer;
use crate::domain::incident::{Incident, Proposal, ProposalState, PullEnd};
use crate::domain::intent::Wish;
use crate::domain::quarantined::midnight;
use crate::domain::time::{DAY_MS, Time};

/// What ends, by the wish that ends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    pub wish: Wish,
    pub at: Time,
    /// Nothing of it waits for a merge.
    in_force: bool,
    /// The proposal that made it.
    made: u32,
}

/// How often to try a removal that is refused, a day apart.
const TRIES: usize = 5;

/// What this incident made and has not yet been proposed for removal.
pub fn pending(incident: &Incident) -> Vec<Ending> {
    let mut endings: Vec<Ending> = Vec::new();
    // An undo that found its pull request merged undid nothing.
    let stands = |p: &&Proposal| match p.state {
        ProposalState::Done => p.ended != Some(PullEnd::Closed),
        ProposalState::Failed { .. } => !p.made.is_empty(),
        _ => false,
    };
    for proposal in incident.proposals.iter().filter(stands) {
        let made = proposal.id.n;
        let steps = proposal.plan.iter().flat_map(|plan| &plan.steps).map(|step| &step.action);
        let merged = proposal.plan.iter().filter(|_| proposal.ended == Some(PullEnd::Merged));
        for action in steps.chain(merged.flat_map(|plan| &plan.on_merge)) {
            let in_force = !matches!(action, Action::Listed { entry } if entry.pending);
            let (wish, at) = match action {
                Action::Listed { entry } => (Wish::Unquarantine { id: Some(entry.id.clone()) }, Some(entry.ends())),
                Action::Branch { change: ChangeSpec::Pin { package, until, .. }, .. } => {
                    (Wish::Unpin { package: package.clone() }, midnight(until))
                }
                _ => continue,
            };
            let Some(at) = at else { continue };
            // What was extended or made again ends on its newest day.
            endings.retain(|have| have.wish != wish);
            endings.push(Ending { wish, at, in_force, made });
        }
    }
    endings.retain(|ending| !is_asked(incident, ending));
    endings
}

/// Whether a test of this incident is quarantined now.
pub fn has_quarantine(incident: &Incident) -> bool {
    pending(incident).iter().any(|ending| ending.in_force && matches!(ending.wish, Wish::Unquarantine { .. }))
}

/// Whether this proposal made something that has yet to end.
pub fn is_to_end(incident: &Incident, n: u32) -> bool {
    pending(incident).iter().any(|ending| ending.made == n)
}

fn is_asked(incident: &Incident, ending: &Ending) -> bool {
    let wanted = &ending.wish;
    let of = |wish: &Wish| match (wish, wanted) {
        (Wish::Unquarantine { id: None }, Wish::Unquarantine { .. }) => true,
        (wish, wanted) => wish == wanted,
    };
    let since = || incident.proposals.iter().filter(|p| p.id.n > ending.made && of(&p.wish) && !p.dry_run);
    let refused = since().filter(|p| matches!(p.state, ProposalState::Refused { .. })).count();
    refused >= TRIES || since().any(|p| p.state.is_active() || p.state == ProposalState::Done)
}

/// Wakes up when the next one ends.
pub fn watch(step: &mut Step<'_>) {
    if let Some(at) = pending(&step.incident).into_iter().map(|ending| ending.at).min() {
        // A timer in the past would be taken for the one that just fired.
        let at = at.max(step.now.plus_ms(1));
        step.timer(Timer::Release, at);
    }
}

/// A removal that failed half-way, for example under the emergency stop, is retried a day later.
pub fn failed(step: &mut Step<'_>, proposal: &Proposal) {
    if proposal.by.key.is_none() && matches!(proposal.wish, Wish::Unquarantine { .. } | Wish::Unpin { .. }) {
        let at = step.now.plus_ms(DAY_MS);
        step.timer(Timer::Release, at);
    }
}
