//! What the bot proposes by itself, where the operator grants it: a retry, a quarantine, the end of what has expired.

use super::expiry::{Ending, pending, watch};
use super::judging::{blank, judge};
use super::proposal::{self, Opening};
use super::state::Step;
use crate::domain::Role;
use crate::domain::event::Timer;
use crate::domain::facts::Facts;
use crate::domain::incident::Proposer;
use crate::domain::intent::{Which, Wish};
use crate::domain::journal::Note;
use crate::domain::time::{DAY_MS, SECOND_MS, Time};
use crate::policy::Verdict;
use crate::remedies;

/// In mode `act`, schedules the retry that policy allows now or after a pause, or records why not.
pub fn consider(step: &mut Step<'_>, facts: &Facts) {
    if step.incident.busy().is_some() || step.incident.evidence.is_empty() {
        return;
    }
    let Some(plan) = step.incident.retry().cloned() else { return };
    if plan.waits {
        return;
    }
    let decision = judge(step, &plan, None, false, facts);
    // Where nobody wants the bot to act, there is nothing to say.
    if !decision.meets("mode") {
        return;
    }
    let later = decision.later();
    if decision.verdict == Verdict::Allow || later.is_some() {
        if step.incident.scheduled.as_ref() == Some(&plan.digest) {
            return;
        }
        step.incident.scheduled = Some(plan.digest.clone());
        let at = step.now.plus_ms(backoff_ms(step)).max(later.unwrap_or_default());
        step.timer(Timer::Backoff, at);
        step.tell(None, Note::AutoScheduled { at, because: decision.words() });
    } else {
        step.record(Note::AutoSkipped { why: decision.words() });
    }
}

/// Doubling pauses with jitter, by incident number: a step draws no random numbers, and incidents that fail together
/// still spread out.
fn backoff_ms(step: &Step<'_>) -> i64 {
    use backon::{BackoffBuilder, ExponentialBuilder};
    let base = std::time::Duration::from_secs(u64::from(step.rules.retry_backoff_seconds));
    let nth = (step.incident.auto_retries.max(step.context.fingerprint_retries)) as usize;
    let mut delays = ExponentialBuilder::new()
        .with_min_delay(base)
        .with_max_delay(base * 16)
        .without_max_times()
        .with_jitter()
        .with_jitter_seed(step.incident.no.0)
        .build();
    let delay = delays.nth(nth).unwrap_or(base);
    i64::try_from(delay.as_millis()).unwrap_or(i64::from(step.rules.retry_backoff_seconds) * SECOND_MS)
}

/// The backoff is over: proposes the retry if policy still allows it.
pub fn retry(step: &mut Step<'_>) {
    if step.incident.is_over() || step.incident.busy().is_some() {
        return;
    }
    let Some(plan) = step.incident.retry().cloned() else {
        // It may be possible again, and is then scheduled anew.
        step.incident.scheduled = None;
        return;
    };
    let decision = judge(step, &plan, None, false, &Facts::default());
    if decision.verdict != Verdict::Allow {
        // What forbids it will be over by itself: it is asked again then.
        match decision.later() {
            Some(at) => step.timer(Timer::Backoff, at),
            None => step.tell(None, Note::AutoSkipped { why: decision.words() }),
        }
        return;
    }
    let by = Proposer { key: None, name: "CI Rescue".into(), role: Role::Viewer, github: None };
    let seen = Some(plan.digest);
    proposal::open(
        step,
        Opening { wish: Wish::Retry(Which::Smallest), force: false, dry_run: false, by, reply: None, seen },
    );
}

/// A test that failed and passed on the same commit, and that history calls flaky: where the operator grants it, the
/// bot proposes its quarantine. One that is new to failing may be a race that the commit brought in.
pub fn quarantine(step: &mut Step<'_>) {
    let offering = remedies::by_id("quarantine").and_then(|remedy| remedy.offer(&step.incident));
    let Some(mut wish) = offering.map(|offering| offering.wish).filter(|_| step.incident.busy().is_none()) else {
        return;
    };
    // Planning costs a look at the repository: only where its plan may be allowed.
    let decision = judge(step, &blank("quarantine"), None, false, &Facts::default());
    if !decision.meets("mode") || !decision.meets("granted") {
        return;
    }
    let by = Proposer { key: None, name: "CI Rescue".into(), role: Role::Viewer, github: None };
    if let Wish::Quarantine { reason, for_ms, .. } = &mut wish {
        *for_ms = i64::from(step.rules.quarantine_days) * DAY_MS;
        *reason = Some("failed and passed on the same commit".into());
    }
    proposal::open(step, Opening { wish, force: false, dry_run: false, by, reply: None, seen: None });
}

/// The known issue's own fix, where it is what the card recommends and the operator grants it. Tried once.
pub fn fix(step: &mut Step<'_>) {
    let best = step.incident.offers.first().is_some_and(|offer| offer.recommended && offer.remedy == "fix");
    if !best || step.incident.busy().is_some() {
        return;
    }
    let decision = judge(step, &blank("fix"), None, false, &Facts::default());
    // Paths and approvals are judged by the plan.
    if !["mode", "granted", "confidence", "attempts"].iter().all(|rule| decision.meets(rule)) {
        return;
    }
    let by = Proposer { key: None, name: "CI Rescue".into(), role: Role::Viewer, github: None };
    let wish = Wish::Fix { template: None, words: Vec::new() };
    proposal::open(step, Opening { wish, force: false, dry_run: false, by, reply: None, seen: None });
}

/// Proposes to remove what has expired, one at a time; after a refusal, the next day.
pub fn release(step: &mut Step<'_>) {
    let now = step.now;
    if step.context.hold.is_some() {
        return step.timer(Timer::Release, now.plus_ms(DAY_MS));
    }
    let tried_at = |wish: &Wish| {
        let tries = step.incident.proposals.iter().filter(|p| p.wish == *wish && p.by.key.is_none());
        tries.map(|p| p.created_at).max().unwrap_or(Time(0))
    };
    let due = |ending: &Ending| ending.at <= now && now.ms_since(tried_at(&ending.wish)) >= DAY_MS;
    if let Some(ending) = pending(&step.incident).into_iter().find(due) {
        let by = Proposer { key: None, name: "CI Rescue".into(), role: Role::Viewer, github: None };
        let wish = ending.wish;
        proposal::open(step, Opening { wish, force: false, dry_run: false, by, reply: None, seen: None });
        return watch(step);
    }
    let later = pending(&step.incident).into_iter().filter(|ending| ending.at > now).map(|ending| ending.at).min();
    let again = pending(&step.incident).iter().any(|ending| ending.at <= now).then(|| now.plus_ms(DAY_MS));
    if let Some(at) = later.into_iter().chain(again).min() {
        step.timer(Timer::Release, at);
    }
}
