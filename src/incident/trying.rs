//! What policy would decide of an incident now, without doing anything.

use super::judging::{blank, judge_act};
use super::state::Step;
use crate::domain::actor::Role;
use crate::domain::decision::Tested;
use crate::domain::facts::{Context, Facts, Known};
use crate::domain::incident::{Incident, Proposal, Proposer};
use crate::domain::plan::Plan;
use crate::domain::rules::Rules;
use crate::domain::time::Time;
use crate::policy::Act;
use crate::remedies;

/// Whoever a decision is asked for where nobody asked.
const SOMEBODY: &str = "somebody";

/// Each proposal that is not finished, for whoever made it; then each remedy that is offered, or that the bot might run:
/// for the bot, and for an approver with write permission. What is not planned yet is judged by what is known before.
#[must_use]
pub fn what_if(rules: &Rules, context: &Context, incident: &Incident, now: Time) -> Vec<Tested> {
    let step = Step { rules, context, now, incident: incident.clone(), orders: Vec::new() };
    tested(&step)
}

/// The same for the incident of a step.
pub fn tested(step: &Step<'_>) -> Vec<Tested> {
    let incident = &step.incident;
    let open = incident.proposals.iter().filter(|proposal| proposal.state.is_active() && !proposal.dry_run);
    let mut all: Vec<Tested> = open.filter_map(|proposal| Some(of(step, proposal, proposal.plan.as_ref()?))).collect();
    let approver = Proposer {
        key: Some(SOMEBODY.into()),
        name: SOMEBODY.into(),
        role: Role::Approver,
        github: Some(SOMEBODY.into()),
    };
    for remedy in remedies::all() {
        let offer = incident.offers.iter().find(|offer| offer.remedy == remedy.id());
        if offer.is_none() && !remedy.is_automatic() {
            continue;
        }
        let plan = offer.and_then(|offer| offer.plan.clone()).unwrap_or_else(|| blank(remedy.id()));
        if remedy.is_automatic() {
            all.push(test(step, remedy.id(), "by CI Rescue itself", &plan, None));
        }
        all.push(test(step, remedy.id(), "for an approver", &plan, Some(&approver)));
    }
    all
}

fn of(step: &Step<'_>, proposal: &Proposal, plan: &Plan) -> Tested {
    let remedy = format!("{} {}", proposal.remedy, proposal.id);
    match &proposal.by.key {
        Some(_) => test(step, &remedy, &format!("for {}", proposal.by.name.line(60)), plan, Some(&proposal.by)),
        None => test(step, &remedy, "by CI Rescue itself", plan, None),
    }
}

fn test(step: &Step<'_>, remedy: &str, by: &str, plan: &Plan, person: Option<&Proposer>) -> Tested {
    // Who may write is asked when it counts.
    let writers = person.and_then(|person| person.github.clone()).map(|login| (login, Known::Is(true)));
    let facts = Facts { writers: writers.into_iter().collect(), ..Facts::default() };
    let decision = judge_act(step, Act::Run, plan, person, false, &facts);
    Tested { remedy: remedy.to_owned(), by: by.to_owned(), decision }
}
