//! How flaky a job or test is, and what that rests on.

use super::groups::{self, Group};
use crate::domain::past::Row;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Flaky,
    /// It is broken now, or its failures were breakages.
    Deterministic,
    Healthy,
    /// Too little is known; also where it failed and was never executed again at that commit.
    Unknown,
}

/// The chance that one execution fails with nothing broken, and its 90 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Flake {
    pub score: f64,
    pub low: f64,
    pub high: f64,
}

/// What a score rests on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Evidence {
    pub executions: u32,
    pub failures: u32,
    /// Commits at which it both failed and passed.
    pub differed: u32,
    /// Failures that passed on a later execution at the same commit.
    pub passed_on_retry: u32,
    /// Commits at which it was executed more than once after a failure.
    pub retried: u32,
    /// Commits at which it failed and never passed.
    pub red: u32,
    /// Changes between green and red from one commit to the next, of all such steps.
    pub flip_rate: f64,
    /// Of the outcomes, in bits.
    pub entropy: f64,
    /// Of the failures, how many were flakes.
    pub flakes: f64,
    /// The last 40 executions, and how many of them failed.
    pub recent: u32,
    pub recent_failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Score {
    pub flake: Flake,
    pub verdict: Verdict,
    pub evidence: Evidence,
}

const RECENT: usize = 40;
/// Half the weight for what is this old.
const HALF_MS: f64 = 45.0 * 86_400_000.0;
/// A rate that somebody would notice.
const NOTICED: f64 = 0.002;
/// Clean executions before a series is called healthy.
const CLEAN_MIN: u32 = 20;

/// Scores a series; `rows` are in the order of time.
#[must_use]
pub fn score(rows: &[Row], default_branch: u32) -> Score {
    let groups = groups::groups(rows, default_branch);
    let newest = groups.iter().map(|group| group.last_at).max().unwrap_or(0);
    let age = |group: &Group| 0.5_f64.powf((newest - group.last_at) as f64 / HALF_MS);
    let rate = groups::rate(&groups, None, age);
    let evidence = evidence(rows, &groups);
    let flake = Flake { score: rate.mean(), low: rate.quantile(0.05), high: rate.quantile(0.95) };
    Score { flake, verdict: verdict(&groups, &evidence, rate.above(NOTICED), default_branch), evidence }
}

fn verdict(groups: &[Group], evidence: &Evidence, noticed: f64, default_branch: u32) -> Verdict {
    let on_default = |group: &&Group| group.branch == default_branch || default_branch == 0;
    let newest = groups.iter().rfind(on_default);
    let broken_now =
        newest.is_some_and(|group| group.is_red() && group.flake < 0.2 && group.failed + evidence.retried > 1);
    if broken_now {
        return Verdict::Deterministic;
    }
    if evidence.differed > 0 && evidence.flakes >= 0.5 && noticed > 0.8 {
        return Verdict::Flaky;
    }
    if evidence.failures == 0 {
        return if evidence.executions >= CLEAN_MIN { Verdict::Healthy } else { Verdict::Unknown };
    }
    if evidence.retried == 0 {
        return Verdict::Unknown;
    }
    if evidence.flakes < 0.5 {
        return if evidence.red > 0 { Verdict::Deterministic } else { Verdict::Unknown };
    }
    if noticed > 0.8 { Verdict::Flaky } else { Verdict::Unknown }
}

fn evidence(rows: &[Row], groups: &[Group]) -> Evidence {
    let telling: Vec<&Row> = rows.iter().filter(|row| row.ended.is_telling()).collect();
    let failures = telling.iter().filter(|row| row.ended.is_failure()).count();
    let recent = &telling[telling.len().saturating_sub(RECENT)..];
    let mut evidence = Evidence {
        executions: count(telling.len()),
        failures: count(failures),
        recent: count(recent.len()),
        recent_failures: count(recent.iter().filter(|row| row.ended.is_failure()).count()),
        entropy: entropy(failures, telling.len()),
        ..Evidence::default()
    };
    let (mut steps, mut flips) = (0_u32, 0_u32);
    for group in groups {
        evidence.differed += u32::from(group.failed > 0 && group.passed > 0);
        evidence.retried += u32::from(group.failed > 0 && group.failed + group.passed > 1);
        evidence.red += u32::from(group.is_red());
        evidence.flakes += f64::from(group.failed) * group.flake;
        if group.recovered {
            evidence.passed_on_retry += group.failed;
        }
        if let Some(before) = group.before {
            steps += 1;
            flips += u32::from(groups[before].is_red() != group.is_red());
        }
    }
    evidence.flip_rate = if steps == 0 { 0.0 } else { f64::from(flips) / f64::from(steps) };
    evidence
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn entropy(failures: usize, all: usize) -> f64 {
    let part = |n: usize| {
        let share = n as f64 / all.max(1) as f64;
        if share > 0.0 { -share * share.log2() } else { 0.0 }
    };
    part(failures) + part(all - failures)
}
