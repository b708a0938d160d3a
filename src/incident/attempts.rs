//! An agent's attempts on the record: what came of each, what it cost, what CI said.
//!
//! It names nothing that acts: see [`looping`](super::looping).

use super::state::Step;
use crate::agents;
use crate::domain::action::Action;
use crate::domain::agent::{Attempt, AttemptEnd, Usd, Verdict};
use crate::domain::effect::{Effect, Order};
use crate::domain::facts::{Facts, Known};
use crate::domain::incident::{Proposal, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::journal::Note;
use crate::domain::time::Time;

/// Whether it is a loop.
pub fn is_one(proposal: &Proposal) -> bool {
    matches!(proposal.wish, Wish::Agent { .. })
}

fn get<'s>(step: &'s mut Step<'_>, n: u32) -> Option<&'s mut Proposal> {
    step.incident.proposals.iter_mut().find(|proposal| proposal.id.n == n && is_one(proposal))
}

/// What CI says of the newest push, once it is known: the branch goes with the next one.
pub fn learn(step: &mut Step<'_>, n: u32, facts: &Facts) {
    let (rules, now) = (step.rules, step.now);
    let before = agents::by_rules(&step.incident);
    let Some(Known::Is(trial)) = &facts.trial else { return };
    let Some(last) = get(step, n).and_then(|own| own.attempts.last_mut()) else { return };
    if last.ci.is_none() {
        last.ci = agents::verdict(&rules.loops, last, Some(trial), now);
        // Only what CI did not find at first is another's.
        last.points_to = trial.specialist.clone().filter(|found| before.as_ref() != Some(found));
    }
}

/// An attempt came to its end.
pub fn attempted(step: &mut Step<'_>, n: u32, attempt: &Attempt) {
    let now = step.now;
    let Some(own) = get(step, n) else { return };
    let (id, (at, reserve)) = (own.id, reserved(own));
    own.attempts.push(attempt.clone());
    step.orders.push(Order::Spent { at, reserve, cost: attempt.cost });
    let (came, why) = match &attempt.end {
        AttemptEnd::Proposed { patch } => ("proposed", vec![patch.preview.stat.clone()]),
        AttemptEnd::Refused { why, .. } => ("refused", why.clone()),
        AttemptEnd::Escalated { why } => ("escalated", vec![why.line(300)]),
        AttemptEnd::Failed { why } => ("failed", vec![why.clone()]),
        AttemptEnd::Interrupted => ("interrupted", Vec::new()),
    };
    let (cost, took_s) = (attempt.cost.to_string(), now.ms_since(attempt.at).max(0) / 1_000);
    step.tell(None, Note::Attempted { proposal: id, n: attempt.n, came: came.into(), why, cost, took_s });
}

/// What was set aside for the attempt that is at work, and when.
fn reserved(own: &Proposal) -> (Time, Usd) {
    let mut steps = own.plan.iter().flat_map(|plan| &plan.steps);
    let reserve = |action: &Action| match action {
        Action::Attempt { at, reserve, .. } => Some((*at, *reserve)),
        _ => None,
    };
    steps.find_map(|step| reserve(&step.action)).unwrap_or_default()
}

/// Nothing ran: what was set aside is given back.
pub fn not_begun(step: &mut Step<'_>, n: u32, at: usize) {
    let Some(own) = get(step, n).filter(|own| is_at_work(own, at)) else { return };
    let (at, reserve) = reserved(own);
    step.orders.push(Order::Spent { at, reserve, cost: Usd::default() });
}

/// Its change stands on our branch.
pub fn pushed(step: &mut Step<'_>, n: u32, at: usize) {
    let now = step.now;
    let Some(own) = get(step, n) else { return };
    let action = own.plan.as_ref().and_then(|plan| plan.steps.get(at)).map(|step| &step.action);
    if matches!(action, Some(Action::Branch { .. }))
        && let Some(last) = own.attempts.last_mut()
    {
        last.pushed_at = last.pushed_at.or(Some(now));
    }
}

/// What its specialists came to: whoever tried last fixed it or not, and those before handed over.
pub fn record(step: &mut Step<'_>, own: &Proposal, fixed: bool) {
    let passed = own.attempts.last().is_some_and(|last| last.ci == Some(Verdict::Passed));
    // What CI did not judge, and what people or limits ended, says nothing of a specialist.
    let told = if fixed { passed } else { own.agents_failed() };
    if !told {
        return;
    }
    let last = own.attempts.last().map(|last| last.specialist.clone()).unwrap_or_default();
    let mut told: Vec<String> = Vec::new();
    for attempt in own.attempts.iter().rev().filter(|attempt| !attempt.specialist.is_empty()) {
        if !told.contains(&attempt.specialist) {
            told.push(attempt.specialist.clone());
        }
    }
    for specialist in told {
        let fixed = fixed && specialist == last;
        step.orders.push(Order::Learnt { specialist, fixed });
    }
}

/// Whether the agent runs now.
pub fn is_at_work(own: &Proposal, at: usize) -> bool {
    let action = own.plan.as_ref().and_then(|plan| plan.steps.get(at)).map(|step| &step.action);
    matches!(action, Some(Action::Attempt { .. }))
}

/// What the end of a loop brings: one that people or limits stopped leaves no branch behind, and one that came to nothing
/// counts for the breaker.
pub fn ended(step: &mut Step<'_>, own: &Proposal) {
    if !is_one(own) || own.dry_run {
        return;
    }
    let begun = !own.attempts.is_empty();
    let failed = matches!(own.state, ProposalState::Failed { .. } | ProposalState::Refused { .. });
    if failed && begun && !step.incident.is_over() {
        step.orders.push(Order::Came { passed: false });
        record(step, own, false);
    }
    let stopped =
        matches!(own.state, ProposalState::Cancelled { .. } | ProposalState::Refused { .. } | ProposalState::Expired);
    let pushed = own.attempts.iter().any(|attempt| attempt.pushed_at.is_some());
    if stopped && pushed && own.made.is_empty() {
        let (incident, repo) = (step.incident.no, step.incident.repo.clone());
        let action = Action::BranchGone { repo, branch: agents::branch(own.id) };
        step.effect(Effect::Follow { incident, action: Box::new(action) });
    }
}
