//! What is asked in addition where the bot acts by itself: grants, limits, pauses.

use super::Case;
use super::confidence;
use super::loops;
use super::paths::paths;
use super::terms::Terms;
use super::tree::{Reason, either, gate};
use crate::domain::cause::Cause;
use crate::domain::evidence::{Category, Evidence};
use crate::domain::facts::Breaker;
use crate::domain::incident::Incident;
use crate::domain::outage::Outage;
use crate::domain::refs::OWN_BRANCHES;
use crate::domain::rules::Rules;
use crate::domain::time::{MINUTE_MS, Span, Time};

/// Merging a pull request of the bot's own.
pub(super) fn merging(rules: &Rules, terms: &Terms<'_>, case: &Case<'_>) -> Vec<Reason> {
    let exact = case.nature.exact;
    let mut gates = vec![terms.own_file()];
    gates.extend(terms.denials());
    gates.extend([
        terms.grants("auto_merge"),
        either("exact", exact, "it can be undone exactly", "only what can be undone exactly is merged"),
        paths(terms, case),
        daily(rules, case),
        breaker(rules, case),
    ]);
    gates.extend(confidence::merging(case));
    gates
}

/// Running a plan; `approvals` says how many people have to approve it.
pub(super) fn gates(rules: &Rules, terms: &Terms<'_>, case: &Case<'_>, approvals: Reason, quorum: u32) -> Vec<Reason> {
    let mut gates = vec![terms.grants("automatic"), Reason { met: quorum == 0, ..approvals }];
    // It tells people that attempts failed: limits of attempts do not hold it up.
    if case.nature.tells {
        gates.extend(silent(rules, case.incident));
        gates.push(daily(rules, case));
        return gates;
    }
    gates.extend(source(rules, case.incident));
    // Its limits were asked when it began.
    if !loops::starts(case) {
        return gates;
    }
    gates.extend([attempts(terms, case), daily(rules, case), breaker(rules, case)]);
    let failed = case.context.branch_failed_at;
    gates.push(pause("failed_fix", failed, rules.failed_fix_cooldown_minutes, case.now, "failed automatic action"));
    // A test that failed and passed at one commit: its quarantine ends by itself, and people merge it.
    if case.nature.one_act {
        gates.extend(loops::alone(case.incident));
    } else if case.nature.exact || case.nature.proposes {
        gates.extend(confidence::opening(case));
    } else {
        gates.extend(retrying(rules, case));
    }
    gates
}

/// Where the failure comes from.
fn source(rules: &Rules, incident: &Incident) -> Vec<Reason> {
    let message = incident.commit_message.as_ref();
    let skip = super::skips(rules, incident);
    let own = incident.branch.raw().starts_with(OWN_BRANCHES);
    vec![
        either("base", incident.base.is_none(), "the base branch passes", "the base branch has the same failure"),
        either("sender", rules.bots || !incident.sender_is_bot, "a person started the run", "a bot started the run"),
        either("fork", !incident.fork, "the run is not from a fork", "the run is from a fork"),
        either("own", !own, "it is not a branch of CI Rescue", "CI Rescue does not act on its own branches"),
        either(
            "message",
            message.is_some(),
            "the commit message is known",
            "the commit message is unknown, and it may contain the skip flag",
        ),
        gate(
            "skip",
            !skip,
            format!("the commit message {} {}", if skip { "contains" } else { "does not contain" }, rules.skip_flag),
        ),
    ]
}

/// What forbids even an issue: who started the run, and whether its message is known, say nothing of that.
fn silent(rules: &Rules, incident: &Incident) -> Vec<Reason> {
    let about_acts = |reason: &Reason| matches!(reason.rule.as_str(), "sender" | "message");
    source(rules, incident).into_iter().filter(|reason| !about_acts(reason)).collect()
}

fn attempts(terms: &Terms<'_>, case: &Case<'_>) -> Reason {
    let said = terms.attempts_max();
    // Records of before attempts were counted know their retries alone.
    let have = case.incident.auto_attempts.max(case.incident.auto_retries);
    let words = format!("{have} of {} automatic attempts on this incident used ({})", said.value, said.by);
    gate("attempts", have < said.value, words).comparing(have, said.value).of(said.of)
}

pub(super) fn daily(rules: &Rules, case: &Case<'_>) -> Reason {
    let (have, limit) = (case.context.acts_today, rules.daily_limit);
    let words = if have < limit {
        format!("{have} of {limit} automatic actions used today")
    } else {
        format!("the daily limit of {limit} automatic actions is reached")
    };
    gate("daily", have < limit, words).comparing(have, limit)
}

/// Until when the breaker is open; `None` where it is closed. With a limit of 0 it never opens.
#[must_use]
pub fn breaks_until(rules: &Rules, breaker: Breaker, now: Time) -> Option<Time> {
    let until = breaker.at?.plus_ms(i64::from(rules.breaker_minutes) * MINUTE_MS);
    let open = rules.breaker_failures > 0 && breaker.failures >= rules.breaker_failures;
    (open && until > now).then_some(until)
}

/// After so many failures in a row, nothing runs for a while; the first act after it closes the breaker or opens it again.
pub(super) fn breaker(rules: &Rules, case: &Case<'_>) -> Reason {
    let (have, limit) = (case.context.breaker.failures, rules.breaker_failures);
    let until = breaks_until(rules, case.context.breaker, case.now);
    let words = match until {
        None => format!("{have} automatic actions in a row failed; {limit} pause them"),
        Some(until) => {
            format!("{have} automatic actions in a row failed: none for another {}", Span(until.ms_since(case.now)))
        }
    };
    Reason { until, ..gate("breaker", until.is_none(), words).comparing(have, limit) }
}

/// No act on this branch within so many minutes of another.
pub(super) fn pause(rule: &str, last: Option<Time>, minutes: u32, now: Time, what: &str) -> Reason {
    let end = last.map(|at| at.plus_ms(i64::from(minutes) * MINUTE_MS)).filter(|end| *end > now);
    let words = match last.filter(|_| end.is_some()) {
        None => format!("no {what} on this branch in the last {minutes} min"),
        Some(at) => {
            format!("the last {what} on this branch was {} ago; {minutes} min must pass", Span(now.ms_since(at)))
        }
    };
    let reason = Reason { until: end, ..gate(rule, end.is_none(), words) };
    match last {
        Some(at) => reason.comparing(u64::try_from(now.ms_since(at) / MINUTE_MS).unwrap_or(0), minutes),
        None => reason,
    }
}

/// What history or a person calls broken fails again.
fn not_broken(incident: &Incident) -> Reason {
    let cause = incident.judged.as_ref().map_or(Cause::Unknown, |judged| judged.cause);
    let broken = matches!(cause, Cause::Deterministic | Cause::BaseBroken | Cause::Dependency);
    gate("cause", !broken, format!("the verdict is {}", cause.spoken()))
}

/// From this chance on, a retry is made although the log does not call the failure transient. Once: what flakes often may
/// be broken as well, and a retry that failed is the sign of it.
const RETRIED_FROM: f64 = 0.4;

/// Whether the log or the history of what failed says that another try may pass.
fn may_pass(incident: &Incident) -> Reason {
    let evidence = incident.headline();
    // The log is the newest run's: an older one whose retry failed would be re-run with it.
    let transient = evidence.is_some_and(Evidence::is_transient) && !incident.an_older_failed_again();
    let category = evidence.map_or("unknown", |evidence| evidence.category.as_str());
    let kind = match evidence.and_then(|evidence| evidence.known_issue.as_deref()).filter(|_| !transient) {
        Some(issue) => return gate("transient", false, format!("{issue} is not transient")),
        None => format!("the failure category is {category}"),
    };
    let flakes = incident.judged.as_ref().is_some_and(|judged| matches!(judged.cause, Cause::Flaky | Cause::Transient));
    let may = !transient && (flakes || evidence.is_some_and(|evidence| evidence.category == Category::Test));
    let Some(hope) = incident.retry_hope().filter(|_| may) else { return gate("transient", transient, kind) };
    if incident.failed_again() {
        return gate("transient", false, format!("{kind}, and a retry failed as well"));
    }
    let words = format!("{kind}, and a retry passes with {:.0} %", hope * 100.0);
    let percent = |of: f64| format!("{:.0}", of * 100.0).parse().unwrap_or(0_u32);
    gate("transient", hope >= RETRIED_FROM, words).comparing(percent(hope), percent(RETRIED_FROM))
}

/// Looked at again after so long while a provider has an incident.
const OUTAGE_MINUTES: i64 = 10;

/// A retry at a provider that is failing would fail too.
fn outage(open: Option<&Outage>, now: Time) -> Reason {
    let words = open.map_or_else(|| "no provider reports an incident".to_owned(), Outage::words);
    let until = open.map(|_| now.plus_ms(OUTAGE_MINUTES * MINUTE_MS));
    Reason { until, ..gate("outage", open.is_none(), words) }
}

/// Further gates for an automatic retry.
fn retrying(rules: &Rules, case: &Case<'_>) -> Vec<Reason> {
    let Case { incident, plan, context, now, .. } = *case;
    let (failed, jobs_max) = (incident.jobs.len() as u64, rules.retry_max_jobs);
    vec![
        either(
            "reversible",
            plan.reversible,
            "it is fully reversible",
            "only fully reversible actions run automatically",
        ),
        may_pass(incident),
        not_broken(incident),
        gate(
            "jobs",
            failed <= u64::from(jobs_max),
            format!("{failed} failed jobs; more than {jobs_max} count as an outage"),
        )
        .comparing(failed, jobs_max),
        gate(
            "once",
            incident.auto_retries < rules.retry_max,
            format!("{} of {} automatic retries used", incident.auto_retries, rules.retry_max),
        )
        .comparing(incident.auto_retries, rules.retry_max),
        gate(
            "fingerprint",
            context.fingerprint_retries < rules.retry_max,
            format!("automatic retries of this failure today: {}", context.fingerprint_retries),
        )
        .comparing(context.fingerprint_retries, rules.retry_max),
        outage(context.outages.first(), now),
        pause("cooldown", context.branch_acted_at, rules.branch_cooldown_minutes, now, "automatic action"),
    ]
}
