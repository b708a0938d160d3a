//! What the facts say, in words.

use super::cause::Fact;
use crate::domain::past::Tide;

/// Reasons shown.
const SHOWN: usize = 4;
/// A fact that makes a cause less than this much likelier than the others is no reason for it.
const NOTABLE: f64 = 1.3;

/// The words of the facts that speak most for a cause.
pub fn strongest(facts: &[Fact], cause: usize) -> Vec<String> {
    let force = |fact: &Fact| {
        let others = fact.fits.iter().enumerate().filter(|(i, _)| *i != cause).map(|(_, fit)| fit);
        let mean = others.sum::<f64>() / (fact.fits.len() - 1) as f64;
        fact.fits[cause] / mean.max(1e-12)
    };
    let mut told: Vec<(f64, &String)> =
        facts.iter().filter_map(|fact| Some((force(fact), fact.words.as_ref()?))).collect();
    told.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut words: Vec<String> =
        told.iter().filter(|(force, _)| *force > NOTABLE).map(|(_, words)| (*words).clone()).collect();
    if words.is_empty() {
        words.extend(told.first().map(|(_, words)| (*words).clone()));
    }
    words.truncate(SHOWN);
    words
}

fn times(n: u32, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

pub fn often(flakes: f64, executed: u32, rate: f64) -> String {
    let flakes = flakes.round();
    if executed == 0 {
        return "no earlier execution is known".into();
    }
    if flakes < 1.0 {
        return format!("no flake in the last {}", times(executed, "execution"));
    }
    format!("flaked in {flakes} of {} ({:.1} %)", times(executed, "execution"), rate * 100.0)
}

pub fn never_passed(others: usize) -> String {
    format!(
        "failed at {}, and never passed",
        times(u32::try_from(others).unwrap_or(u32::MAX).saturating_add(1), "commit")
    )
}

pub fn commit(failed: u32, passed: u32, passed_after: u32) -> Option<String> {
    match (failed, passed) {
        (0, 0) => None,
        (_, 0) => Some(format!("failed {} at this commit, and never passed", times(failed + 1, "time"))),
        _ if passed_after > 0 => Some(format!("passed on retry at this commit ({})", times(passed_after, "time"))),
        _ => Some(format!("passed {} at this commit before", times(passed, "time"))),
    }
}

pub fn branch([before, after]: [bool; 2]) -> Option<String> {
    match (before, after) {
        (true, true) => Some("the commits before and after it failed too".into()),
        (true, false) => Some("the commit before it failed too".into()),
        (false, true) => Some("the commit after it failed too".into()),
        (false, false) => None,
    }
}

pub fn base(red: usize, alike: bool) -> Option<String> {
    match (red, alike) {
        (0, _) => Some("the default branch passes".into()),
        (_, false) => None,
        (1, true) => Some("the default branch fails in the same way".into()),
        (n, true) => Some(format!("the default branch has failed in the same way for {n} commits")),
    }
}

pub fn cells(failed: u32, passed: u32) -> Option<String> {
    match (failed, passed) {
        (0, 0) => None,
        (0, _) => Some(format!("passed in {}", times(passed, "other matrix cell"))),
        (_, 0) => Some(format!("failed in {} too", times(failed, "other matrix cell"))),
        _ => Some(format!("failed in {} and passed in {passed}", times(failed, "other matrix cell"))),
    }
}

pub fn fellows(healthy: u32, flaky: u32, is_test: bool) -> Option<String> {
    match (healthy, flaky) {
        (0, 0) if is_test => Some("nothing else failed in the run".into()),
        (0, 0) => None,
        (0, _) => Some(format!("only tests known to flake failed with it ({flaky})")),
        _ => Some(format!("{} without flakes failed in the same run", times(healthy, "test"))),
    }
}

pub fn print(flaky: f64, flakes: f64) -> Option<String> {
    if flaky >= 0.5 {
        let flakes = if flaky < 1.5 { "an earlier flake".to_owned() } else { format!("{flaky:.0} earlier flakes") };
        return Some(format!("failed like this in {flakes}"));
    }
    (flakes >= 0.5).then(|| "never failed like this before".to_owned())
}

pub fn sweep(branches: usize) -> String {
    let others = if branches == 1 { "another branch".to_owned() } else { format!("{branches} other branches") };
    format!("it failed on {others} around then, and has not passed since")
}

pub fn elsewhere(branches: usize) -> Option<String> {
    (branches > 0).then(|| {
        format!(
            "the same failure on {} within 12 hours",
            if branches == 1 { "another branch".to_owned() } else { format!("{branches} other branches") }
        )
    })
}

pub fn tide(around: Tide) -> String {
    format!("{} of {} jobs around that time failed", around.failed, around.jobs)
}
