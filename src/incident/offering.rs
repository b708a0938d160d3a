//! Facts for the card: asked for whenever what one click could do may have changed.

use super::state::Step;
use crate::domain::effect::{Effect, Lookup, Order};
use crate::domain::gathering::Gathering;

/// Gathers the facts that remedies need to make offers, unless the incident is closed.
pub fn ask(step: &mut Step<'_>) {
    if step.incident.is_over() {
        return;
    }
    let Some((run, attempt)) = step.incident.lead_run().and_then(|state| state.run.map(|run| (run, state.attempt)))
    else {
        return;
    };
    let incident = &step.incident;
    let repo = incident.repo.clone();
    let mut lookups = vec![Lookup::Run { repo: repo.clone(), run }, Lookup::Jobs { repo: repo.clone(), run, attempt }];
    if incident.commit_message.is_none() {
        lookups.push(Lookup::CommitMessage { repo, sha: incident.sha.clone() });
    }
    if !step.orders.iter().any(is_for_offers) {
        step.incident.gathering = Gathering::begin(lookups);
        gather(step);
    }
}

fn is_for_offers(order: &Order) -> bool {
    let Order::Effect(Effect::Gather { proposal: None, lookups, .. }) = order else { return false };
    lookups.iter().any(|lookup| matches!(lookup, Lookup::Run { .. }))
}

pub fn gather(step: &mut Step<'_>) {
    let (incident, lookups) = (step.incident.no, step.incident.gathering.lookups.clone());
    step.effect(Effect::Gather { incident, proposal: None, lookups });
}
