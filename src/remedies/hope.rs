//! How likely a failure goes away by itself, and what that is thought to rest on. Remedies offer themselves by it.

use crate::domain::cause::{Cause, Judged};
use crate::domain::event::Conclusion;
use crate::domain::evidence::{Category, Evidence};
use crate::domain::incident::Incident;
use crate::domain::suspect::Suspicion;

/// The chance that another try passes with nothing changed, and the reason in a clause.
pub fn of_another_try(incident: &Incident) -> (f64, String) {
    if let Some(base) = incident.base.as_ref().filter(|_| is_base_broken(incident)) {
        return (0.03, format!("{} fails in the same way", base.branch.line(60)));
    }
    if is_cancelled(incident) {
        return (CANCELLED, "it was cancelled, and nothing is known to have failed".into());
    }
    let (hope, words) = match incident.judged.as_ref().filter(|judged| is_telling(judged)) {
        Some(judged) => by_history(incident, judged),
        None => first_try(incident),
    };
    let here = passed_here(incident);
    let hope = unlike_a_suspect(incident, hope.max(here).max(young(incident)));
    match tries(incident) {
        0 => (hope, words),
        n => {
            let kept = incident.judged.as_ref().map_or(0.0, |judged| judged.record.rate).clamp(LASTS, 1.0);
            let words = if hope > 0.3 { format!("{words}, and it failed again on {}", retries(n)) } else { words };
            let damped = hope * kept.sqrt().powi(n.min(9).cast_signed());
            // What the retries came to is counted in it already.
            let floor = if is_deterministic(incident) { 0.0 } else { unlike_a_suspect(incident, here) };
            (damped.max(floor), words)
        }
    }
}

/// What is hoped at least of a test that is not known yet, and of what is not of the code alone: a retry tells.
fn young(incident: &Incident) -> f64 {
    let few = incident.judged.as_ref().is_some_and(|judged| judged.by.is_none() && judged.record.executions < SEASONED);
    let test =
        incident.headline().is_some_and(|evidence| evidence.advice.is_none() && evidence.category == Category::Test);
    if (few && test || is_of_machines(incident)) && tries(incident) == 0 { 0.35 } else { 0.0 }
}

/// A crash outside of tests, or a deployment: machines and services have as much to do with it as the code.
fn is_of_machines(incident: &Incident) -> bool {
    let of = |evidence: &Evidence| {
        evidence.advice.is_none()
            && evidence.failing_tests_total == 0
            && matches!(evidence.category, Category::Crash | Category::Deploy)
    };
    incident.headline().is_some_and(of) && incident.judged.as_ref().is_none_or(|judged| judged.by.is_none())
}

/// Whoever cancelled it, or a newer run, has the answer.
const CANCELLED: f64 = 0.2;

/// Jobs were cancelled, and no log says why.
fn is_cancelled(incident: &Incident) -> bool {
    match incident.headline() {
        Some(evidence) => evidence.advice.is_none() && evidence.category == Category::Cancelled,
        None => !incident.jobs.is_empty() && incident.jobs.iter().all(|job| job.conclusion == Conclusion::Cancelled),
    }
}

fn is_deterministic(incident: &Incident) -> bool {
    incident.headline().is_some_and(Evidence::is_deterministic)
}

/// The default branch fails in the same way, and not by the same flake.
pub fn is_base_broken(incident: &Incident) -> bool {
    let by_flake = |judged: &Judged| {
        judged.chance(Cause::Flaky) >= FLAKE_OF_THE_BASE
            && judged.record.passed_on_retry >= 2
            && judged.record.alike > Some(1)
    };
    incident.base.is_some() && !incident.judged.as_ref().is_some_and(by_flake)
}

/// A failure that is as likely a flake as this, and looks like earlier ones, is no broken base.
const FLAKE_OF_THE_BASE: f64 = 0.6;

/// The share of executions at the very commit that passed, by the rule of succession; 0 where none did.
fn passed_here(incident: &Incident) -> f64 {
    let passed = incident.judged.as_ref().map_or(0, |judged| judged.record.passed_here);
    let said = incident.judged.as_ref().is_some_and(|judged| judged.by.is_some());
    // What can only fail for good has a new reason, and there it is.
    let explained = (is_deterministic(incident) && is_one_moved(incident)) || is_secret_gone(incident);
    if passed == 0 || said || explained {
        return 0.0;
    }
    (f64::from(passed) + 0.5) / f64::from(passed + tries(incident) + 2)
}

/// A secret that is missing was there when this very commit passed: somebody removed it.
pub fn is_secret_gone(incident: &Incident) -> bool {
    let missing = incident.headline().is_some_and(|evidence| evidence.category == Category::SecretMissing);
    missing && incident.judged.as_ref().is_some_and(|judged| judged.record.passed_here > 0)
}

/// How much a retry that failed leaves of what was hoped of the next one: its square root. A test that fails every other
/// time may well fail twice.
const LASTS: f64 = 0.12;

fn retries(n: u32) -> String {
    if n == 1 { "one retry".into() } else { format!("{n} retries") }
}

/// Retries of the failing run that failed as well.
pub fn tries(incident: &Incident) -> u32 {
    let failed = incident.runs.iter().filter(|run| run.failed_attempt == run.attempt && !run.superseded);
    failed.map(|run| run.attempt.saturating_sub(1)).max().unwrap_or(0)
}

/// How many times less likely chance is beside something that changed and that the failure points to.
const AGAINST: f64 = 4.0;

/// The log blames a dependency, and one moved: that explains the failure, and a flood of such failures as well.
fn is_a_release(incident: &Incident) -> bool {
    let blamed = incident.headline().is_some_and(|evidence| evidence.category == Category::Dependency);
    blamed && incident.suspicion.as_ref().is_some_and(|suspicion| !suspicion.moved.is_empty())
}

/// One package is at another version than when it was green.
fn is_one_moved(incident: &Incident) -> bool {
    let moved = incident.suspicion.as_ref().map_or(0, |suspicion| suspicion.moved.len());
    moved == 1 && incident.on_default_branch()
}

/// A commit that changed what failed, on the branch where it failed, speaks against chance.
fn unlike_a_suspect(incident: &Incident, hope: f64) -> f64 {
    let best = incident.suspicion.as_ref().and_then(Suspicion::bracketed).filter(|_| incident.on_default_branch());
    let against = match best {
        _ if is_a_release(incident) => AGAINST,
        Some(best) if best.score > 0 => AGAINST,
        Some(_) => 1.3,
        None if is_one_moved(incident) => 1.3,
        None => 1.0,
    };
    hope / (hope + (1.0 - hope) * against)
}

/// Executions that tell something even if none was a flake.
const SEASONED: u32 = 40;

/// Without a record, and without a cause, history adds nothing to the log.
fn is_telling(judged: &Judged) -> bool {
    let record = &judged.record;
    let known = record.passed_on_retry > 0 || record.passed_here > 0 || record.executions >= SEASONED;
    judged.by.is_some() || judged.cause != Cause::Unknown || known
}

fn by_history(incident: &Incident, judged: &Judged) -> (f64, String) {
    let record = judged.record.words();
    let first = || judged.because.first().cloned().unwrap_or_default();
    let known = incident.headline().is_some_and(|evidence| evidence.advice.is_some() && !evidence.is_transient());
    if known {
        return (0.03, "the cause is known, and a retry does not remove it".into());
    }
    let words = match judged.cause {
        Cause::Flaky | Cause::Unknown if !record.is_empty() => format!("it {record}"),
        Cause::Deterministic | Cause::Dependency => match first() {
            why if why.is_empty() => "it fails on every try".into(),
            why => why,
        },
        Cause::BaseBroken => "the base branch fails in the same way".into(),
        _ => first(),
    };
    (judged.passes_again(), words)
}

/// What is known of the very failure beats its category.
fn first_try(incident: &Incident) -> (f64, String) {
    let Some(evidence) = incident.headline() else {
        let words = match &incident.log_missing {
            Some(_) => "there is no log to say otherwise",
            None => "the log has not been read yet",
        };
        return (0.5, words.into());
    };
    let category = evidence.category;
    let (hope, words) = match (&evidence.advice, category) {
        _ if evidence.is_transient() => {
            let track = evidence.advice.as_ref().map(|advice| advice.track).unwrap_or_default();
            return (track.confidence(0.85), format!("{} failures often pass on retry", category.adjective()));
        }
        (Some(_), _) => (0.03, "the cause is known, and a retry does not remove it"),
        _ if evidence.is_deterministic() => {
            return (0.03, format!("{} failures recur on the same commit", category.adjective()));
        }
        (None, Category::Dependency) => (0.3, "a registry may have answered wrongly"),
        (None, Category::Test) => (0.5, "a retry shows whether the test is flaky"),
        _ => (0.5, "the log shows no cause that must recur"),
    };
    (hope, words.into())
}

/// The chance that the code, or what it depends on, is broken: then a retry does not help and something has to change.
pub fn of_a_breakage(incident: &Incident) -> f64 {
    if is_cancelled(incident) {
        return CANCELLED;
    }
    (1.0 - of_another_try(incident).0 - of_an_outage(incident)).max(0.0)
}

/// An outage fails more tests than these.
const CHOSEN: u64 = 2;

/// The chance of an outage that will be over by itself. A release that broke many looks like one.
pub fn of_an_outage(incident: &Incident) -> f64 {
    let outage = incident.judged.as_ref().map_or(0.0, |judged| judged.chance(Cause::Infra));
    // Nor does an outage choose a test or two.
    let chosen = |evidence: &Evidence| {
        evidence.category == Category::Test && (1..=CHOSEN).contains(&evidence.failing_tests_total)
    };
    let other = |evidence: &Evidence| evidence.category == Category::Dependency || chosen(evidence);
    if incident.headline().is_some_and(other) { outage / AGAINST } else { outage }
}
