//! What one click could do: the facts for it, and the remedies that offer themselves, best first.

use super::state::Step;
use crate::domain::effect::{Effect, Lookup, Order};
use crate::domain::facts::Known;
use crate::domain::gathering::Gathering;
use crate::domain::incident::{Incident, Offer};
use crate::domain::plan::Plan;
use crate::remedies::{self, Offering, Remedy};

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
    // Only what the bot decides by itself has to be of this moment: a proposal asks again.
    if step.rules.may_act() || !matches!(incident.own_rules, Some(Known::Is(_))) {
        lookups.push(Lookup::OwnRules { repo: repo.clone() });
    }
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

/// An offer that helps less likely than this is not recommended.
const RECOMMENDED_FROM: f64 = 0.25;

/// Every offer, best first; those that are done at once need their plan.
#[must_use]
pub fn rank(incident: &Incident, plans: &[Plan]) -> Vec<Offer> {
    let mut offers: Vec<Offer> =
        remedies::all().iter().filter_map(|remedy| offer(incident, &**remedy, plans)).collect();
    offers.sort_by(|a, b| b.help.total_cmp(&a.help));
    if let Some(best) = offers.first_mut() {
        best.recommended = best.help >= RECOMMENDED_FROM;
    }
    offers
}

fn offer(incident: &Incident, remedy: &dyn Remedy, plans: &[Plan]) -> Option<Offer> {
    let offering = remedy.offer(incident)?;
    let plan = plans.iter().find(|plan| plan.remedy == remedy.id()).cloned();
    if offering.at_once && plan.is_none() {
        return None;
    }
    let more = plan.iter().flat_map(|plan| plan.because.clone());
    let because = std::iter::once(offering.because).chain(more).collect();
    let Offering { label, help, form, .. } = offering;
    Some(Offer { remedy: remedy.id().into(), label, plan, because, help, recommended: false, form })
}

/// What mended an incident may be wanted elsewhere, too.
fn afterwards(incident: &Incident) -> Vec<Offer> {
    let follows = |offer: &Offer| remedies::by_id(&offer.remedy).is_some_and(|remedy| remedy.follows());
    rank(incident, &[]).into_iter().filter(|offer| incident.is_green() && follows(offer)).collect()
}

/// The same offers as the incident stands now: suspects and verdicts come after the plans.
pub fn renew(incident: &mut Incident) {
    // An adopted incident keeps its right to a retry of its own run.
    if incident.adopted_by.is_some() {
        return;
    }
    if incident.closed_at.is_some() {
        incident.offers = afterwards(incident);
        return;
    }
    if incident.offers.is_empty() && incident.suspicion.is_none() && incident.queue.is_none() {
        return;
    }
    let plans: Vec<Plan> = incident.offers.iter().filter_map(|offer| offer.plan.clone()).collect();
    incident.offers = rank(incident, &plans);
}
