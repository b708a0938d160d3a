//! When an incident needs more than the bot can do.

use super::automatic::breaks_until;
use super::tree::{Reason, gate};
use crate::domain::escalation::Trigger;
use crate::domain::event::Scope;
use crate::domain::facts::{Breaker, Known};
use crate::domain::incident::Incident;
use crate::domain::rules::Rules;
use crate::domain::runner::{Awaited, Fleet};
use crate::domain::subscription::{glob, slug};
use crate::domain::text::clean_line;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Span, Time};

/// How long a critical workflow may fail.
const CRITICAL_MS: i64 = 4 * HOUR_MS;
/// A runner that is busy may be gone an hour later.
pub const ASK_AGAIN_MS: i64 = HOUR_MS;
/// A timeout may be chance; one after a retry is not.
const TIMEOUTS: usize = 2;

/// Each trigger that can concern the incident, met or not, with what it rests on. A pure function of the record:
///
/// | Trigger | Met when |
/// |---|---|
/// | unknown | open for `escalate_unknown_after_hours`, no cause or known issue is named, and it is no pull request's own |
/// | attempts | `attempts_max` attempts to fix it failed, by whomever |
/// | breaker | the breaker is open, and an automatic action failed here |
/// | critical | red for four hours on the default branch or a protected one, in a critical workflow |
/// | timeouts | a run timed out in two of its attempts |
/// | agents | a loop of fixing agents ended without a fix |
/// | runner | the forge says that no runner with the labels is online |
///
/// `until` is when to look again: when one that is not met will be by itself. Nothing is escalated that is closed, adopted, asked for
/// by a person, acknowledged, snoozed, or not confirmed.
#[must_use]
pub fn escalation(rules: &Rules, incident: &Incident, breaker: Breaker, now: Time) -> Vec<(Trigger, Reason)> {
    let nothing = incident.closed_at.is_some() || incident.adopted_by.is_some() || !incident.confirmed;
    // Somebody has it, or said that it can wait.
    if nothing || incident.taken.is_some() || incident.snoozed.is_some() || incident.scope == Scope::Request {
        return Vec::new();
    }
    let each = [
        (Trigger::Unknown, unknown(rules, incident, now)),
        (Trigger::Attempts, attempts(rules, incident)),
        (Trigger::Breaker, broken(rules, incident, breaker, now)),
        (Trigger::Critical, critical(rules, incident, now)),
        (Trigger::Timeouts, timeouts(incident)),
        (Trigger::Agents, gave_up(incident)),
        (Trigger::Runner, incident.runner.as_ref().map(gone)),
    ];
    each.into_iter().filter_map(|(trigger, reason)| Some((trigger, reason?))).collect()
}

/// Whether the incident blocks a workflow that the policy calls critical.
#[must_use]
pub fn is_critical(rules: &Rules, incident: &Incident) -> bool {
    let protected = incident.on_default_branch() || incident.protected == Some(Known::Is(true));
    lists(rules, incident).is_some() && protected
}

/// Whether it depends on the branch's protection, which is not known yet, whether the incident is critical.
#[must_use]
pub fn wants_protection(rules: &Rules, incident: &Incident) -> bool {
    let own = incident.pulls.is_empty() && !incident.fork && !incident.on_default_branch();
    own && incident.protected.is_none() && lists(rules, incident).is_some()
}

/// The workflow that the policy calls critical.
fn lists(rules: &Rules, incident: &Incident) -> Option<String> {
    let listed = |name: &str| rules.critical_workflows.iter().any(|want| glob(&slug(want), &slug(name)));
    let workflow = incident.runs.iter().map(|run| &run.workflow).find(|workflow| listed(workflow.raw()))?;
    (incident.closed_at.is_none() && incident.confirmed).then(|| workflow.line(60))
}

/// Met from `since` on for so long.
fn lasting(rule: &str, since: Time, limit_ms: i64, now: Time, words: impl Fn(String) -> String) -> Reason {
    let lasted = now.ms_since(since);
    let met = lasted >= limit_ms;
    let minutes = |ms: i64| u64::try_from(ms / MINUTE_MS).unwrap_or(0);
    let said =
        if met { words(Span(limit_ms).to_string()) } else { words(format!("{} of {}", Span(lasted), Span(limit_ms))) };
    let until = (!met).then(|| since.plus_ms(limit_ms));
    Reason { until, ..gate(rule, met, said) }.comparing(minutes(lasted), minutes(limit_ms))
}

fn unknown(rules: &Rules, incident: &Incident, now: Time) -> Option<Reason> {
    let own = incident.fork || !incident.pulls.is_empty() || incident.base.is_some();
    let about_ci = !matches!(incident.scope, Scope::Alert | Scope::Runner | Scope::Deployment | Scope::Schedule);
    if rules.escalate_unknown_after_hours == 0 || own || !about_ci || incident.is_named() {
        return None;
    }
    let limit = i64::from(rules.escalate_unknown_after_hours) * HOUR_MS;
    Some(lasting("unknown", incident.red_since(), limit, now, |long| format!("nobody knows the cause after {long}")))
}

fn attempts(rules: &Rules, incident: &Incident) -> Option<Reason> {
    let own = match &incident.own_rules {
        Some(Known::Is(own)) => own.attempts_max,
        _ => None,
    };
    let limit = own.map_or(rules.attempts_max, |own| own.min(rules.attempts_max)).max(1);
    let have = u32::try_from(incident.failed_attempts().count()).unwrap_or(u32::MAX);
    let words = format!("{have} of {limit} attempts to fix it failed");
    (have > 0).then(|| gate("attempts", have >= limit, words).comparing(have, limit))
}

fn broken(rules: &Rules, incident: &Incident, breaker: Breaker, now: Time) -> Option<Reason> {
    incident.failed_attempts().find(|proposal| proposal.by.key.is_none())?;
    let (have, limit) = (breaker.failures, rules.breaker_failures);
    let open = breaks_until(rules, breaker, now).is_some();
    let words = format!("{have} automatic actions in a row failed, here among others; at {limit} the breaker opens");
    (limit > 0).then(|| gate("breaker", open, words).comparing(have, limit))
}

fn critical(rules: &Rules, incident: &Incident, now: Time) -> Option<Reason> {
    let workflow = lists(rules, incident).filter(|_| is_critical(rules, incident))?;
    let branch = incident.branch.line(60);
    let words = |long| format!("{workflow} is a critical workflow and has been failing on {branch} for {long}");
    Some(lasting("critical", incident.red_since(), CRITICAL_MS, now, words))
}

fn timeouts(incident: &Incident) -> Option<Reason> {
    let most = incident.runs.iter().filter(|run| !run.superseded).max_by_key(|run| run.timed_out.len())?;
    let have = most.timed_out.len();
    let attempts: Vec<String> = most.timed_out.iter().map(u32::to_string).collect();
    let words = match attempts.as_slice() {
        [] => return None,
        [one] => format!("attempt {one} timed out; another one would escalate it"),
        all => format!("it timed out again after a retry: attempts {}", all.join(" and ")),
    };
    Some(gate("timeouts", have >= TIMEOUTS, words).comparing(have as u64, TIMEOUTS as u64))
}

/// Who hands over does so within the loop: after its end, people are next.
fn gave_up(incident: &Incident) -> Option<Reason> {
    let (proposal, why) = incident.failed_loop()?;
    Some(gate("agents", true, format!("the agents of {} could not fix it: {}", proposal.id, clean_line(why, 200))))
}

fn gone(runner: &Awaited) -> Reason {
    let called = crate::domain::runner::name(&runner.labels);
    let words = match &runner.fleet {
        Some(Known::Is(Fleet { online: 0, offline: 0 })) => format!("no runner has the labels {called}"),
        Some(Known::Is(Fleet { online: 0, offline })) => {
            format!("no runner with the labels {called} is online ({offline} offline)")
        }
        Some(Known::Is(Fleet { online, .. })) => {
            format!("a runner with the labels {called} is online ({online} in all)")
        }
        Some(Known::Unavailable(why)) => {
            format!("whether a runner with the labels {called} is online cannot be read: {}", clean_line(why, 200))
        }
        None => format!("whether a runner with the labels {called} is online has not been read yet"),
    };
    // Asked again also when it is gone: it may be back, with no job left to start.
    let until = Some(runner.asked_at.plus_ms(ASK_AGAIN_MS));
    Reason { until, ..gate("runner", runner.is_gone(), words) }
}

#[cfg(test)]
mod tests;
