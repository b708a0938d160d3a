//! A series by commit, and how likely each failure in it was a flake rather than a breakage.

use super::rate::Rate;
use crate::domain::past::Row;
use std::collections::{HashMap, HashSet};

/// The executions of a series at one commit of one branch in one workflow.
#[derive(Clone, Debug, Default)]
pub struct Group {
    pub branch: u32,
    pub workflow: u32,
    pub sha: u64,
    pub first_at: i64,
    pub last_at: i64,
    pub failed: u32,
    pub passed: u32,
    /// A pass came after a failure.
    pub recovered: bool,
    /// Fingerprints of its failures.
    pub prints: Vec<u64>,
    /// Positions of its neighbours on the branch, in the list of groups.
    pub before: Option<usize>,
    pub after: Option<usize>,
    /// A person said whether nothing was broken.
    pub harmless: Option<bool>,
    /// Other branches that were red just before or after, with no pass between: something outside may have changed.
    pub swept: u32,
    /// The chance that its failures are flakes; 0 where nothing failed.
    pub flake: f64,
}

impl Group {
    #[must_use]
    pub fn is_red(&self) -> bool {
        self.failed > 0 && self.passed == 0
    }
}

/// Groups in the order of their first execution, with the chance of flakes worked out.
#[must_use]
pub fn groups(rows: &[Row], default_branch: u32) -> Vec<Group> {
    let mut groups = gather(rows);
    link(&mut groups);
    sweep(&mut groups);
    attribute(&mut groups, default_branch);
    groups
}

fn gather(rows: &[Row]) -> Vec<Group> {
    let mut all: Vec<Group> = Vec::new();
    let mut at: HashMap<(u32, u32, u64), usize> = HashMap::new();
    for row in rows.iter().filter(|row| row.ended.is_telling()) {
        let key = (row.branch, row.workflow, row.sha);
        let i = *at.entry(key).or_insert_with(|| {
            all.push(Group {
                branch: row.branch,
                workflow: row.workflow,
                sha: row.sha,
                first_at: row.at,
                ..Group::default()
            });
            all.len() - 1
        });
        let group = &mut all[i];
        group.last_at = row.at;
        if row.ended.is_failure() {
            group.failed += 1;
            group.harmless = row.harmless.or(group.harmless);
            if row.print != 0 && !group.prints.contains(&row.print) {
                group.prints.push(row.print);
            }
        } else {
            group.recovered |= group.failed > 0;
            group.passed += 1;
        }
    }
    all
}

fn link(groups: &mut [Group]) {
    let mut last: HashMap<(u32, u32), usize> = HashMap::new();
    for i in 0..groups.len() {
        let before = last.insert((groups[i].branch, groups[i].workflow), i);
        groups[i].before = before;
        if let Some(before) = before {
            groups[before].after = Some(i);
        }
    }
}

/// How far apart two failures may be and still belong together.
pub const SWEEP_MS: i64 = 2 * 86_400_000;

/// Marks runs of red groups on several branches.
fn sweep(groups: &mut [Group]) {
    let follows = |a: &Group, b: &Group| a.is_red() && b.is_red() && b.first_at - a.last_at <= SWEEP_MS;
    let mut from = 0;
    while from < groups.len() {
        let mut to = from + 1;
        while to < groups.len() && follows(&groups[to - 1], &groups[to]) {
            to += 1;
        }
        let branches: HashSet<u32> = groups[from..to].iter().map(|group| group.branch).collect();
        let others = u32::try_from(branches.len() - 1).unwrap_or(u32::MAX);
        groups[from..to].iter_mut().for_each(|group| group.swept = others);
        from = to;
    }
}

/// How often something outside breaks a test: a dependency's release, an outage.
const OUTSIDE: f64 = 5e-4;

/// How often a commit breaks a test that its author did not mean to break, before anything is known of the test: on a
/// branch, and on the default branch.
pub const BREAKS_BRANCH: f64 = 0.006;
pub const BREAKS_DEFAULT: f64 = 0.0015;
/// The chance that a broken test passes all the same, once.
pub const BROKEN_PASSES: f64 = 0.012;
/// Of breakages, those that fail only now and then.
pub const RACY_SHARE: f64 = 0.06;

/// The chance of these outcomes at a commit that broke the series: for good, or racily at a rate that could be
/// anything (Beta(2, 2)).
#[must_use]
pub fn broken_chance(failed: u32, passed: u32) -> f64 {
    let steady = BROKEN_PASSES.powi(passed.min(60).cast_signed());
    let racy = beta_ratio(f64::from(failed.min(60)), f64::from(passed.min(60)));
    (1.0 - RACY_SHARE) * steady + RACY_SHARE * racy
}

/// E[r^f (1-r)^p] for r ~ Beta(2, 2).
fn beta_ratio(failed: f64, passed: f64) -> f64 {
    // B(2+f, 2+p) / B(2, 2), as a product of whole numbers.
    let (mut ratio, mut total) = (1.0, 4.0);
    let mut up = |mut from: f64, times: f64| {
        let mut n = 0.0;
        while n < times {
            ratio *= from / total;
            from += 1.0;
            total += 1.0;
            n += 1.0;
        }
    };
    up(2.0, failed);
    up(2.0, passed);
    ratio
}

/// Rounds of estimating the rate from the flakes and the flakes from the rate; more change nothing that is shown.
const ROUNDS: usize = 3;

/// Whether it was red at several commits and never passed: rather broken than flaking each time.
#[must_use]
pub fn never_passed(groups: &[Group]) -> bool {
    groups.len() > 1 && groups.iter().all(|group| group.is_red() && group.harmless != Some(true))
}

/// The chance that something which does flake failed at this many more commits, each time it was executed.
#[must_use]
pub fn always_flaked(more: usize) -> f64 {
    Rate::prior().after(1.0, 1.0).chance(more as f64, 0.0)
}

fn attribute(groups: &mut [Group], default_branch: u32) {
    let always = if never_passed(groups) { always_flaked(groups.len() - 1) } else { 1.0 };
    for group in &mut *groups {
        group.flake = if group.failed == 0 {
            0.0
        } else if group.passed > 0 {
            0.97
        } else {
            0.3
        };
    }
    for _ in 0..ROUNDS {
        let rate = rate(groups, None, |_| 1.0).mean();
        let often = breaks_often(groups, default_branch);
        let prints = flaky_prints(groups);
        let chances = Chances { rate, again: again(groups, rate), always };
        for i in 0..groups.len() {
            if groups[i].failed > 0 {
                let breaks = often * usual_breaks(&groups[i], default_branch);
                groups[i].flake = flake(groups, i, &chances, breaks, &prints);
            }
        }
    }
}

/// How often it flakes.
struct Chances {
    rate: f64,
    /// Once more at the commit where it did.
    again: f64,
    /// At every commit, where it never passed.
    always: f64,
}

/// A commit's own executions are more alike than the rate says. How much more, those show that failed and passed: where
/// they never fail twice, what does fail twice is something else.
fn again(groups: &[Group], rate: f64) -> f64 {
    const STRENGTH: f64 = 2.0;
    let both = groups.iter().filter(|group| group.failed > 0 && group.passed > 0);
    let (failed, passed) = both.fold((0.0, 0.0), |(failed, passed), group| {
        (failed + f64::from(group.failed - 1), passed + f64::from(group.passed))
    });
    ((STRENGTH * rate.max(0.05) + failed) / (STRENGTH + failed + passed)).max(0.02)
}

/// How many times as often as others the series is broken: some tests find something every week.
fn breaks_often(groups: &[Group], default_branch: u32) -> f64 {
    let usual: f64 = groups.iter().map(|group| usual_breaks(group, default_branch)).sum();
    // Breakages of one author's branch come in a row and are one.
    let counts = |group: &Group| if group.branch == default_branch { 1.0 } else { 0.5 };
    let broken = groups.iter().filter(|group| group.failed > 0).map(|group| counts(group) * (1.0 - group.flake));
    (broken.sum::<f64>() + 1.0) / (usual + 1.0)
}

fn usual_breaks(group: &Group, default_branch: u32) -> f64 {
    if group.branch == default_branch && default_branch != 0 { BREAKS_DEFAULT } else { BREAKS_BRANCH }
}

/// Fingerprints by how often they were flakes and breakages.
fn flaky_prints(groups: &[Group]) -> HashMap<u64, (f64, f64)> {
    let mut prints: HashMap<u64, (f64, f64)> = HashMap::new();
    for group in groups {
        for print in &group.prints {
            let (flaky, broken) = prints.entry(*print).or_default();
            *flaky += group.flake;
            *broken += 1.0 - group.flake;
        }
    }
    prints
}

fn flake(groups: &[Group], i: usize, chances: &Chances, breaks: f64, prints: &HashMap<u64, (f64, f64)>) -> f64 {
    let group = &groups[i];
    if let Some(harmless) = group.harmless {
        return f64::from(u8::from(harmless));
    }
    let (failed, passed) = (group.failed, group.passed);
    let mut flaky = chances.always * chances.rate;
    flaky *= chances.again.powi(failed.saturating_sub(1).min(60).cast_signed());
    let again = chances.rate.max(0.05);
    flaky *= (1.0 - again).powi(passed.min(60).cast_signed());
    let mut broken = breaks * broken_chance(failed, passed);
    let mut outside = 0.0;
    if group.swept > 0 {
        flaky *= again.powi(group.swept.min(60).cast_signed());
        outside = OUTSIDE;
    }
    for (neighbour, fails_on) in [(group.before, 0.35), (group.after, 0.5)] {
        let Some(other) = neighbour.map(|n| &groups[n]) else { continue };
        let red = other.is_red();
        let same = other.prints.iter().any(|print| group.prints.contains(print)) || other.prints.is_empty();
        flaky *= if red { again } else { 1.0 - again };
        broken *= match (red, same) {
            (true, true) => fails_on,
            (true, false) => fails_on * 0.3,
            (false, _) => 1.0 - fails_on,
        };
    }
    // What a print was at other commits; its own share is taken out.
    for print in &group.prints {
        if let Some((flakes, breakages)) = prints.get(print) {
            let flakes = (flakes - group.flake).max(0.0);
            let breakages = (breakages - (1.0 - group.flake)).max(0.0);
            flaky *= 0.3 + flakes;
            broken *= 0.6 + 0.3 * breakages;
        }
    }
    flaky / (flaky + broken + outside)
}

/// The rate as the groups tell it: failures count as far as they were flakes, and a commit that was broken not at all.
/// What never passed may have been broken from the start, and tells no rate.
///
/// `weight` makes an execution count in part, by the group it stands in; `but` is left out.
#[must_use]
pub fn rate(groups: &[Group], but: Option<(u32, u64)>, weight: impl Fn(&Group) -> f64) -> Rate {
    if groups.iter().all(|group| group.passed == 0) {
        return Rate::prior();
    }
    let (mut failed, mut executed) = (0.0, 0.0);
    for group in groups {
        if but.is_some_and(|(_, sha)| group.sha == sha) {
            continue;
        }
        let weight = weight(group);
        let flakes = f64::from(group.failed) * group.flake;
        failed += weight * flakes;
        executed += weight * (f64::from(group.passed) + flakes);
    }
    Rate::prior().after(failed, executed)
}
