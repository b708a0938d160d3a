//! An incident that needs more than the bot can do is escalated: once for each reason, until it closes.

use super::judging::{blank, judge};
use super::proposal::{self, Opening};
use super::state::Step;
use crate::domain::Role;
use crate::domain::effect::{Effect, Lookup, Order};
use crate::domain::escalation::{Declined, Escalation, Trigger};
use crate::domain::event::Timer;
use crate::domain::facts::{Breaker, Facts, Known};
use crate::domain::incident::{Incident, Proposal, ProposalState, Proposer};
use crate::domain::intent::Wish;
use crate::domain::journal::Note;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::{HOUR_MS, Time};
use crate::policy::escalation::{escalation, wants_protection};
use crate::policy::{Decision, Reason};

/// When to try again to open an issue that something stands against for a while.
const AGAIN_MS: i64 = HOUR_MS;
/// Issues that failed to be opened before people have to.
const TRIES: usize = 3;
/// A reason, at most.
const WORDS: usize = 300;

/// Looks at the end of each step whether the incident has to be escalated, and when to look again.
pub fn look(step: &mut Step<'_>) {
    let reasons = reasons(step);
    let fresh = |(trigger, reason): &&(Trigger, Reason)| reason.met && !step.incident.is_escalated_for(*trigger);
    let met: Vec<(Trigger, Reason)> = reasons.iter().filter(fresh).cloned().collect();
    for (trigger, reason) in met {
        escalate(step, trigger, &reason);
    }
    let retry = (step.incident.escalated_at.is_some()).then(|| issue(step)).flatten();
    let next = reasons.iter().filter_map(|(_, reason)| reason.until).chain(retry).min();
    if let Some(at) = next.filter(|at| step.incident.escalate_due != Some(*at)) {
        step.timer(Timer::Escalate, at);
    }
    step.incident.escalate_due = next;
    protection(step);
}

fn reasons(step: &Step<'_>) -> Vec<(Trigger, Reason)> {
    escalation(step.rules, &step.incident, breaker(step), step.now)
}

/// The breaker as this step leaves it.
fn breaker(step: &Step<'_>) -> Breaker {
    let came = |order: &Order| match order {
        Order::Came { passed } => Some(*passed),
        _ => None,
    };
    let failed = |before: Breaker| Breaker { failures: before.failures.saturating_add(1), at: Some(step.now) };
    let after = |before, passed| if passed { Breaker::default() } else { failed(before) };
    step.orders.iter().filter_map(came).fold(step.context.breaker, after)
}

fn escalate(step: &mut Step<'_>, trigger: Trigger, reason: &Reason) {
    let because = clean_line(&reason.words, WORDS);
    let first = step.incident.escalated_at.is_none();
    step.incident.escalated_at = step.incident.escalated_at.or(Some(step.now));
    step.incident.escalations.push(Escalation { trigger, at: step.now, because: because.clone() });
    // The first time, the owner is told of it; once.
    step.incident.mention_again |= first;
    let owners = step.incident.owners.clone().unwrap_or_default();
    step.tell(None, Note::Escalated { because, owners });
}

/// Has an issue opened where policy lets the bot, unless one was. Answers when to try again.
fn issue(step: &mut Step<'_>) -> Option<Time> {
    let incident = &step.incident;
    let because = incident.escalations.first().filter(|_| incident.closed_at.is_none())?.because.clone();
    if incident.issue().is_some() || incident.adopted_by.is_some() {
        return None;
    }
    let tried: Vec<&Proposal> = incident.proposals.iter().filter(|p| is_own(p)).collect();
    let failed = |p: &&&Proposal| matches!(p.state, ProposalState::Failed { .. } | ProposalState::Refused { .. });
    if tried.iter().any(|proposal| !failed(&proposal)) || tried.len() >= TRIES {
        return None;
    }
    let pause = tried.iter().map(|proposal| proposal.created_at.plus_ms(AGAIN_MS)).max();
    if let Some(at) = pause.filter(|at| *at > step.now) {
        return Some(at);
    }
    let decision = judge(step, &blank("issue"), None, false, &Facts::default());
    if !decision.because.of.iter().all(|rule| rule.met || rule.rule == UNREAD) {
        let set = incident.escalate_due.filter(|at| *at > step.now);
        return passes(&decision).then(|| set.unwrap_or(step.now.plus_ms(AGAIN_MS)));
    }
    let by = Proposer { key: None, name: "CI Rescue".into(), role: Role::Viewer, github: None };
    let wish = Wish::Issue { reason: Some(format!("Escalated: {because}").into()) };
    proposal::open(step, Opening { wish, force: false, dry_run: false, by, reply: None, seen: None });
    None
}

/// The repository's own file is read when the issue is planned.
const UNREAD: &str = "own_file";

/// What stands against an issue for a while only.
fn passes(decision: &Decision) -> bool {
    let unmet = decision.because.of.iter().filter(|rule| !rule.met);
    unmet.map(|rule| rule.rule.as_str()).all(|rule| matches!(rule, "hold" | "daily" | UNREAD))
}

fn is_own(proposal: &Proposal) -> bool {
    matches!(proposal.wish, Wish::Issue { .. }) && proposal.by.key.is_none()
}

/// Asks once whether its branch is protected, where that decides whether it is critical.
fn protection(step: &mut Step<'_>) {
    if wants_protection(step.rules, &step.incident) {
        ask_protection(step);
    }
}

pub fn ask_protection(step: &mut Step<'_>) {
    let (no, repo, branch) = (step.incident.no, step.incident.repo.clone(), step.incident.branch.clone());
    step.incident.protected = Some(Known::Unavailable("it has not been read yet".into()));
    step.effect(Effect::Gather { incident: no, proposal: None, lookups: vec![Lookup::Protected { repo, branch }] });
}

/// Its time has come: the end of the step looks.
pub fn due(step: &mut Step<'_>) {
    step.incident.escalate_due = None;
}

pub fn reopen(incident: &mut Incident, now: Time) {
    incident.escalated_at = None;
    incident.escalations.clear();
    incident.escalate_due = None;
    incident.mention_again = false;
    incident.declined = None;
    incident.reopened_at = Some(now);
}

/// A person closed an issue: it has to be the one that stands for this incident.
pub fn declined(step: &mut Step<'_>, number: u64, by: &Untrusted) {
    let ours = step.incident.issue().is_some_and(|made| made.number == number);
    if !ours || step.incident.escalated_at.is_none() || step.incident.declined.is_some() {
        return;
    }
    step.incident.declined = Some(Declined { issue: number, by: by.clone(), at: step.now });
    step.tell(None, Note::IssueDeclined { number, by: by.clone() });
}

/// Why it was escalated, and what would escalate it.
pub fn lines(step: &Step<'_>) -> Vec<String> {
    let done = step.incident.escalations.iter().map(|one| format!("escalated ({}): {}", one.trigger, one.because));
    let may = reasons(step).into_iter().filter(|(_, reason)| !reason.met);
    let may = may.map(|(trigger, reason)| format!("not escalated ({trigger}): {}", reason.words));
    done.chain(may).collect()
}
