//! What caused one failure: each thing that is known weighs for some causes and against others.
//!
//! A cause starts with how often it comes up, and every further fact multiplies it by how well the fact fits: naive
//! Bayes in logarithms. The figures are likelihoods: "of broken commits, 65 % have a green one before them".

use super::groups::{self, BREAKS_BRANCH, BREAKS_DEFAULT, Group};
use super::score::score;
use super::words;
use crate::domain::cause::{Cause, Judged, Record};
use crate::domain::evidence::{Category, Evidence, Severity};
use crate::domain::outcome::Ended;
use crate::domain::past::{Past, Row, Sighting, Tide};

/// What one fact says: how well it fits each cause.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub name: &'static str,
    pub fits: [f64; 6],
    /// For people; a fact that says nothing of note has none.
    pub words: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub cause: Cause,
    /// Of each of [`Cause::WEIGHED`]; they add up to 1.
    pub chances: [f64; 6],
    /// That nothing was broken: flaky or transient.
    pub p_flaky: f64,
    pub facts: Vec<Fact>,
    /// The strongest reasons first.
    pub because: Vec<String>,
}

/// A cause that is less likely than this is not named: the failure is unknown.
const NAMED_FROM: f64 = 0.45;
/// And so is one that is not so many times likelier than that nothing was broken: the toss of a coin is no verdict.
const AHEAD: f64 = 1.5;
/// To call a real fault flaky is the dearer mistake. At this threshold fewer than one in a hundred is.
const FLAKY_FROM: f64 = 0.95;
/// How far each fact is believed: facts overlap, and what overlaps must not count twice. Fitted on simulated histories
/// (seeds 1 to 10; those that are reported are others) to the square of the distance between what is said and what
/// came, beside a little of the causes' likelihood, then rounded. The weights of "sweep" and "tide" are set by hand: the
/// histories have few outages.
const WEIGHTS: [(&str, f64); 12] = [
    ("history", 1.0),
    ("commit", 0.67),
    ("branch", 0.9),
    ("base", 0.6),
    ("cells", 1.0),
    ("fellows", 0.15),
    ("fingerprint", 1.35),
    ("elsewhere", 1.2),
    ("sweep", 1.0),
    ("tide", 0.9),
    ("ending", 0.95),
    ("log", 1.1),
];
/// What is left after the weights, by the same fit, in the order of [`Cause::WEIGHED`].
const BIASES: [f64; 6] = [0.6, 0.2, 0.1, -0.7, 0.4, 0.0];
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What one failure of the series came from, by history alone.
#[must_use]
pub fn judge(past: &Past, failure: &Row) -> Judgement {
    judge_with(past, failure, None)
}

/// The same with what the log says.
fn judge_with(past: &Past, failure: &Row, log: Option<&Evidence>) -> Judgement {
    // A job failed because of its tests: as much as the one that is the least likely a flake.
    let parts = past.parts.iter().map(|(past, row)| judge_with(past, row, log));
    if let Some(worst) = parts.min_by(|a, b| a.p_flaky.total_cmp(&b.p_flaky)) {
        return worst;
    }
    let case = Case::new(past, failure);
    let mut facts = vec![case.often(), case.commit(), case.branch(), case.base()];
    facts.extend([case.cells(), case.fellows(), case.print(), case.elsewhere(), case.tide(), case.ending()]);
    facts.extend(case.never_passed());
    facts.extend(case.sweep());
    facts.extend(log.map(said));
    conclude(facts)
}

/// What is thought of a failure, with the record that it rests on.
#[must_use]
pub fn opinion(past: &Past, failure: &Row, log: Option<&Evidence>) -> Judged {
    let Judgement { cause, chances, because, .. } = judge_with(past, failure, log);
    let score = score(&past.rows, past.default_branch);
    let record = Record {
        executions: score.evidence.recent,
        failures: score.evidence.recent_failures,
        passed_on_retry: score.evidence.passed_on_retry,
        rate: score.flake.score,
        passed_here: passed_at(past, failure),
        caught: caught_but(past, failure),
        alike: flakes_like(past, failure),
    };
    Judged { cause, chances, because, record, ..Judged::default() }
}

/// Passes of the series at the failure's commit, in the same workflow.
fn passed_at(past: &Past, failure: &Row) -> u32 {
    let there = |row: &&Row| row.sha == failure.sha && row.workflow == failure.workflow && row.ended == Ended::Pass;
    u32::try_from(past.rows.iter().filter(there).count()).unwrap_or(u32::MAX)
}

/// Other commits at which the series was red and more likely broken than flaking.
fn caught_but(past: &Past, failure: &Row) -> u32 {
    let groups = groups::groups(&past.rows, past.default_branch);
    let broken = |group: &&Group| group.is_red() && group.flake < 0.5 && group.sha != failure.sha;
    u32::try_from(groups.iter().filter(broken).count()).unwrap_or(u32::MAX)
}

/// One flake does not show how a test flakes: others may have failed beside it, and share its fingerprint.
const FLAKES_TELLING: usize = 2;

/// Earlier failures with the same fingerprint that were flakes; `None` where too few flakes have fingerprints to tell.
fn flakes_like(past: &Past, failure: &Row) -> Option<u32> {
    let groups = groups::groups(&past.rows, past.default_branch);
    let flakes =
        groups.iter().filter(|group| group.flake > 0.5 && group.sha != failure.sha && !group.prints.is_empty());
    let flakes: Vec<&Group> = flakes.collect();
    let alike = flakes.iter().filter(|group| group.prints.contains(&failure.print)).count();
    (failure.print != 0 && (alike > 0 || flakes.len() >= FLAKES_TELLING))
        .then(|| u32::try_from(alike).unwrap_or(u32::MAX))
}

/// What the log says. A known issue beats its category.
fn said(log: &Evidence) -> Fact {
    let category = log.category;
    let words = format!("the log points to {}", category.subject());
    let known = log.advice.as_ref().map(|advice| advice.severity);
    let fits = match (known, category) {
        (Some(Severity::Blocker), _) => [0.01, 0.01, 1.0, 0.6, 0.6, 0.05],
        (Some(Severity::Transient), _) => [0.1, 1.0, 0.03, 0.03, 0.05, 0.8],
        (_, category) if category.is_transient() => [0.1, 1.0, 0.06, 0.06, 0.1, 1.0],
        (_, Category::Dependency) => [0.02, 0.1, 0.5, 0.5, 1.0, 0.1],
        (_, category) if category.is_deterministic() => [0.03, 0.02, 1.0, 1.0, 0.3, 0.02],
        // A neighbour on the machine may have taken the memory.
        (_, Category::Oom) => [0.5, 0.9, 0.7, 0.7, 0.4, 0.4],
        (_, Category::Test) => [1.0, 0.15, 1.0, 1.0, 0.5, 0.1],
        // A bad machine crashes programs, too.
        (_, Category::Crash) => [1.0, 0.5, 1.0, 1.0, 0.5, 0.2],
        // It depends on much that is not in the repository.
        (_, Category::Deploy) => [0.2, 1.0, 0.4, 0.4, 0.4, 1.0],
        _ => return Fact { name: "log", fits: [1.0; 6], words: None },
    };
    Fact { name: "log", fits, words: Some(words) }
}

fn conclude(facts: Vec<Fact>) -> Judgement {
    let mut logs = BIASES;
    for fact in &facts {
        let weight = WEIGHTS.iter().find(|(name, _)| *name == fact.name).map_or(1.0, |(_, weight)| *weight);
        for (log, fit) in logs.iter_mut().zip(fact.fits) {
            *log += weight * fit.max(1e-12).ln();
        }
    }
    let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let chances = logs.map(|log| (log - top).exp());
    let sum: f64 = chances.iter().sum();
    let chances = chances.map(|chance| chance / sum);
    let best = (0..6).max_by(|a, b| chances[*a].total_cmp(&chances[*b])).unwrap_or(0);
    let cause = Cause::WEIGHED[best];
    let enough = match cause {
        Cause::Flaky => FLAKY_FROM,
        Cause::Transient => NAMED_FROM,
        _ => NAMED_FROM.max(AHEAD * (chances[0] + chances[1])),
    };
    let cause = if chances[best] >= enough { cause } else { Cause::Unknown };
    let because = words::strongest(&facts, best);
    Judgement { cause, chances, p_flaky: chances[0] + chances[1], facts, because }
}

/// The failure with what is worked out of its past.
struct Case<'a> {
    past: &'a Past,
    failure: &'a Row,
    groups: Vec<Group>,
    own: Option<usize>,
    on_default: bool,
    /// Failures and passes at the commit beside this one, before and after it.
    failed_before: u32,
    failed_after: u32,
    passed_before: u32,
    passed_after: u32,
}

impl<'a> Case<'a> {
    fn new(past: &'a Past, failure: &'a Row) -> Self {
        let groups = groups::groups(&past.rows, past.default_branch);
        let same = |group: &Group| {
            group.branch == failure.branch && group.workflow == failure.workflow && group.sha == failure.sha
        };
        let own = groups.iter().position(same);
        let mut case = Self {
            past,
            failure,
            groups,
            own,
            on_default: failure.branch == past.default_branch && past.default_branch != 0,
            failed_before: 0,
            failed_after: 0,
            passed_before: 0,
            passed_after: 0,
        };
        // The same commit in whatever branch, of the same workflow.
        let there = |row: &&Row| row.sha == failure.sha && row.workflow == failure.workflow && row.ended.is_telling();
        for row in past.rows.iter().filter(there) {
            if row.run == failure.run && row.attempt == failure.attempt {
                continue;
            }
            let later = (row.at, row.attempt) > (failure.at, failure.attempt);
            let count = match (row.ended.is_failure(), later) {
                (true, false) => &mut case.failed_before,
                (true, true) => &mut case.failed_after,
                (false, false) => &mut case.passed_before,
                (false, true) => &mut case.passed_after,
            };
            *count += 1;
        }
        case
    }

    /// Half as much for an execution of three weeks ago: rates change when tests do.
    fn recency(&self, group: &Group) -> f64 {
        const HALF_MS: f64 = 21.0 * DAY_MS as f64;
        0.5_f64.powf((self.failure.at - group.last_at).abs() as f64 / HALF_MS)
    }

    fn rate(&self) -> super::rate::Rate {
        groups::rate(&self.groups, Some((0, self.failure.sha)), |group| self.recency(group))
    }

    fn broken_groups(&self) -> f64 {
        let other = self.groups.iter().filter(|group| group.failed > 0 && group.sha != self.failure.sha);
        other.map(|group| 1.0 - group.flake).sum()
    }

    /// How often this test flakes, breaks, and meets an outage; with what was seen at the very commit.
    fn often(&self) -> Fact {
        let rate = self.rate();
        let prior = if self.on_default { BREAKS_DEFAULT } else { BREAKS_BRANCH };
        let prior = if self.past.is_test { prior } else { prior * 4.0 };
        // Breakages of one author's branch come in a row and are one.
        let breaks = (0.5 * self.broken_groups() + 1.0) / (self.groups.len() as f64 + 1.0 / prior);
        let (flaky, transient) = (rate.mean(), if self.past.is_test { 0.0004 } else { 0.004 });
        let flakes: f64 = self.groups.iter().map(|group| f64::from(group.failed) * group.flake).sum();
        let executed: u32 = self.groups.iter().map(|group| group.failed + group.passed).sum();
        let words = Some(words::often(flakes, executed, flaky));
        let base = if self.on_default { 1e-6 } else { breaks };
        Fact { name: "history", fits: [flaky, transient, breaks, base, 3e-4, 6e-4], words }
    }

    fn commit(&self) -> Fact {
        let (failed, passed) = (self.failed_before + self.failed_after, self.passed_before + self.passed_after);
        let rate = self.rate().after(1.0, 1.0);
        let flaky = rate.chance(f64::from(failed), f64::from(passed));
        let broken = groups::broken_chance(failed + 1, passed) / groups::broken_chance(1, 0);
        let each = |fails: f64, passes: f64| fails.powi(failed.cast_signed()) * passes.powi(passed.cast_signed());
        // What changed under it was green before and is not again.
        let moved = 0.6_f64.powi(self.passed_before.cast_signed())
            * 0.03_f64.powi(self.passed_after.cast_signed())
            * 0.95_f64.powi(failed.cast_signed());
        let fits = [flaky, each(0.12, 0.88), broken, moved, moved, each(0.4, 0.6)];
        Fact { name: "commit", fits, words: words::commit(failed, passed, self.passed_after) }
    }

    fn branch(&self) -> Fact {
        let rate = self.rate().after(1.0, 1.0).mean();
        let mut fits = [1.0; 6];
        let mut red = [false; 2];
        let neighbours = self
            .own
            .map_or_else(|| [self.newest_before(), None], |own| [self.groups[own].before, self.groups[own].after]);
        for (i, neighbour) in neighbours.into_iter().enumerate() {
            let Some(group) = neighbour.map(|n| &self.groups[n]) else { continue };
            let alike =
                self.failure.print == 0 || group.prints.is_empty() || group.prints.contains(&self.failure.print);
            red[i] = group.is_red();
            let broken = if i == 0 { 0.33 } else { 0.5 };
            let (flaky, broken, moved) = match (group.is_red(), alike) {
                (true, true) => (rate, broken, 0.5),
                (true, false) => (rate * 0.5, 0.05, 0.03),
                (false, _) => (1.0 - rate, 1.0 - broken, 0.5),
            };
            let fit = [flaky, if red[i] { 0.03 } else { 0.97 }, broken, moved, moved, if red[i] { 0.1 } else { 0.9 }];
            fits.iter_mut().zip(fit).for_each(|(all, one)| *all *= one);
        }
        Fact { name: "branch", fits, words: words::branch(red) }
    }

    /// Red at this commit, at others before it, and green at none: a flake passes now and then.
    fn never_passed(&self) -> Option<Fact> {
        let others = self.groups.iter().filter(|group| group.sha != self.failure.sha).count();
        if others == 0 || self.passed_before + self.passed_after > 0 || !groups::never_passed(&self.groups) {
            return None;
        }
        let more = i32::try_from(others).unwrap_or(i32::MAX);
        // Of outages and passing failures as in [`Self::commit`].
        let fits = [groups::always_flaked(others), 0.12_f64.powi(more), 1.0, 1.0, 1.0, 0.4_f64.powi(more)];
        Some(Fact { name: "never passed", fits, words: Some(words::never_passed(others)) })
    }

    /// Red on other branches just before or after, with no pass between: something outside may have changed.
    fn sweep(&self) -> Option<Fact> {
        let other = |group: &&Group| group.sha != self.failure.sha;
        let near = |group: &&Group| (group.first_at - self.failure.at).abs() <= groups::SWEEP_MS;
        let red = |group: &&Group| group.is_red();
        let before = self.groups.iter().rev().filter(other).filter(|group| group.first_at <= self.failure.at);
        let mut swept: Vec<&Group> = before.take_while(red).take_while(near).collect();
        // What breaks the default branch breaks what is based on it.
        if !self.on_default {
            let after = self.groups.iter().filter(other).filter(|group| group.first_at > self.failure.at);
            swept.extend(after.take_while(red).take_while(near));
        }
        let mut branches: Vec<u32> = swept.iter().map(|group| group.branch).collect();
        branches.retain(|branch| *branch != self.failure.branch);
        branches.sort_unstable();
        branches.dedup();
        let n = i32::try_from(branches.len()).unwrap_or(i32::MAX).min(12);
        if n == 0 {
            return None;
        }
        let base = if branches.contains(&self.past.default_branch) { 0.8 } else { 0.2 };
        // Flakes come in bursts, too.
        let flaky = self.rate().after(1.0, 1.0).chance(f64::from(n), 0.0).max(0.005);
        let fits = [flaky, 0.1_f64.powi(n), 0.04_f64.powi(n), base, 0.8, 0.6];
        Some(Fact { name: "sweep", fits, words: Some(words::sweep(branches.len())) })
    }

    fn newest_before(&self) -> Option<usize> {
        let on_branch = |group: &Group| {
            group.branch == self.failure.branch
                && group.workflow == self.failure.workflow
                && group.sha != self.failure.sha
                && group.first_at <= self.failure.at
        };
        self.groups.iter().rposition(on_branch)
    }

    /// What the default branch says, for a failure elsewhere.
    fn base(&self) -> Fact {
        if self.on_default {
            return Fact { name: "base", fits: [1.0; 6], words: None };
        }
        // Most bases are green.
        let none = Fact { name: "base", fits: [1.0, 1.0, 1.0, 0.12, 0.6, 1.0], words: None };
        let there = |group: &&Group| group.branch == self.past.default_branch;
        let before: Vec<&Group> =
            self.groups.iter().filter(there).filter(|group| group.first_at <= self.failure.at).collect();
        let Some(last) = before.last() else { return none };
        let alike = self.failure.print == 0 || last.prints.is_empty() || last.prints.contains(&self.failure.print);
        let rate = self.rate().after(1.0, 1.0).mean();
        let red = before.iter().rev().take_while(|group| group.is_red()).count();
        let age = self.failure.at - last.last_at;
        let stale = age > 3 * DAY_MS;
        let fits = match (red, alike) {
            (0, _) => [1.0 - rate, 0.98, 0.985, if stale { 0.3 } else { 0.06 }, 0.5, 0.95],
            (_, false) => [rate * 0.5, 0.02, 0.015, 0.1, 0.1, 0.05],
            (1, true) => [rate.max(0.01), 0.02, 0.012, 0.9, 0.5, 0.1],
            (_, true) => [(rate * rate).max(0.0005), 0.005, 0.01, 0.94, 0.6, 0.05],
        };
        Fact { name: "base", fits, words: words::base(red, alike) }
    }

    /// The same test in other matrix cells of the same commit.
    fn cells(&self) -> Fact {
        let near = |row: &&Row| (row.at - self.failure.at).abs() < 6 * HOUR_MS && row.ended.is_telling();
        let (mut failed, mut passed) = (0_u32, 0_u32);
        for row in self.past.cells.iter().filter(near) {
            *(if row.ended.is_failure() { &mut failed } else { &mut passed }) += 1;
        }
        let (failed, passed) = (failed.min(4), passed.min(4));
        let each = |fails: f64, passes: f64| fails.powi(failed.cast_signed()) * passes.powi(passed.cast_signed());
        // Cells fail together or not at all, so each further one says less than the first.
        let whole = |fails: f64, passes: f64| match (failed, passed) {
            (0, 0) => 1.0,
            (_, 0) => fails,
            (0, _) => passes,
            _ => 0.1,
        };
        let flaky = each(0.08, 0.92);
        let fits = [flaky, flaky, whole(0.75, 0.15), whole(0.8, 0.1), whole(0.8, 0.1), whole(0.4, 0.4)];
        Fact { name: "cells", fits, words: words::cells(failed, passed) }
    }

    /// What else failed in the run.
    fn fellows(&self) -> Fact {
        let tests: Vec<_> = self.past.fellows.iter().filter(|fellow| fellow.is_test).collect();
        let jobs = self.past.fellows.iter().filter(|fellow| !fellow.is_test && !fellow.same_job).count();
        let (mut healthy, mut flaky) = (self.past.more_fellows.min(20), 0_u32);
        for fellow in &tests {
            let known = groups::groups(&fellow.rows, self.past.default_branch);
            let rate = groups::rate(&known, Some((0, self.failure.sha)), |group| self.recency(group));
            // Measured against a test of which nothing bad is known.
            *(if rate.mean() > 0.01 { &mut flaky } else { &mut healthy }) += 1;
        }
        let alone = healthy + flaky == 0;
        let fits = if self.past.is_test {
            let flakes = if alone {
                0.72
            } else {
                0.14 * 0.45_f64.powi(healthy.min(6).cast_signed()) * 0.9_f64.powi(flaky.min(6).cast_signed())
            };
            let breaks = if alone {
                0.42
            } else {
                0.3 * 0.85_f64.powi(healthy.min(6).cast_signed()) * 0.4_f64.powi(flaky.min(6).cast_signed())
            };
            [flakes, flakes, breaks, breaks, breaks, if jobs > 1 { 0.5 } else { 0.2 }]
        } else {
            // A job of its own: what its tests did decides.
            let own_tests = tests.iter().filter(|fellow| fellow.same_job).count();
            if own_tests == 0 {
                [0.3, 0.9, 0.3, 0.3, 0.3, 0.9]
            } else {
                let known = flaky > 0 && healthy == 0;
                if known { [0.6, 0.1, 0.1, 0.1, 0.1, 0.05] } else { [0.12, 0.1, 0.5, 0.5, 0.5, 0.05] }
            }
        };
        Fact { name: "fellows", fits, words: words::fellows(healthy, flaky, self.past.is_test) }
    }

    /// Whether the series failed like this before, and what that was.
    fn print(&self) -> Fact {
        let none = Fact { name: "fingerprint", fits: [1.0; 6], words: None };
        if self.failure.print == 0 {
            return none;
        }
        let (mut flaky, mut broken, mut known, mut any) = (0.0, 0.0, 0.0, 0.0);
        let mut looks: Vec<u64> = Vec::new();
        // Its own branch's earlier failures prove nothing: they are the same change.
        let elsewhere = |group: &&Group| {
            group.failed > 0
                && group.sha != self.failure.sha
                && (self.on_default || group.branch != self.failure.branch)
        };
        for group in self.groups.iter().filter(elsewhere) {
            any += group.flake;
            if group.prints.is_empty() {
                continue;
            }
            known += group.flake;
            if group.flake > 0.5 {
                looks.extend(&group.prints);
            }
            if group.prints.contains(&self.failure.print) {
                flaky += group.flake;
                broken += 1.0 - group.flake;
            }
        }
        let fits = if flaky + broken > 0.0 {
            let share = (flaky + 0.2) / (known + 1.0);
            [share.max(0.15), 0.3, 0.05 + 0.03 * broken.min(3.0), 0.12, 0.08, 0.2]
        } else {
            looks.sort_unstable();
            looks.dedup();
            let new = new_look(looks.len() as f64, known);
            [new, 0.7, 0.95, 0.7, 0.8, 0.8]
        };
        Fact { name: "fingerprint", fits, words: words::print(flaky, any) }
    }

    /// The same fingerprint on other branches and in other tests.
    fn elsewhere(&self) -> Fact {
        let none = Fact { name: "elsewhere", fits: [1.0; 6], words: None };
        if self.failure.print == 0 {
            return none;
        }
        let other = |seen: &&Sighting| seen.sha != self.failure.sha && seen.branch != self.failure.branch;
        let within = |ms: i64| {
            let near = move |seen: &&Sighting| (seen.at - self.failure.at).abs() <= ms;
            self.past.sightings.iter().filter(other).filter(near)
        };
        let mut branches: Vec<u32> =
            within(12 * HOUR_MS).filter(|seen| seen.series == self.past.series).map(|seen| seen.branch).collect();
        branches.sort_unstable();
        branches.dedup();
        let far = self.past.sightings.iter().filter(|seen| (seen.at - self.failure.at).abs() > 2 * DAY_MS).count();
        let fits = match (branches.len(), far) {
            (0, _) => [0.8, 0.7, 0.97, 0.35, 0.2, 0.4],
            // Seen over and over on many days: the look of a flake, or of anything.
            (_, 3..) => [0.3, 0.3, 0.06, 0.3, 0.1, 0.2],
            (1, _) => [0.12, 0.15, 0.03, 0.35, 0.3, 0.2],
            _ => [0.05, 0.1, 0.008, 0.4, 0.7, 0.3],
        };
        Fact { name: "elsewhere", fits, words: words::elsewhere(branches.len()) }
    }

    /// How other jobs fared at that time.
    fn tide(&self) -> Fact {
        let usual = share(self.past.usual, 20.0);
        let storm = |tide: Tide, enough: u32| tide.failed >= enough && share(tide, 0.0) > (3.0 * usual).max(0.35);
        let high = storm(self.past.here, 3) || storm(self.past.around, 4);
        let fits = if high { [0.012, 0.1, 0.012, 0.05, 0.05, 0.9] } else { [0.96, 0.75, 0.94, 0.88, 0.88, 0.1] };
        let words = high.then(|| words::tide(self.past.around));
        Fact { name: "tide", fits, words }
    }

    fn ending(&self) -> Fact {
        let fits = if self.failure.ended == Ended::Timeout {
            [0.12, 0.3, 0.05, 0.05, 0.05, 0.3]
        } else {
            [0.88, 0.7, 0.95, 0.95, 0.95, 0.7]
        };
        let words = (self.failure.ended == Ended::Timeout).then(|| "it timed out".to_owned());
        Fact { name: "ending", fits, words }
    }
}

/// The chance that a flake looks like none of the `known` before it, which had this many looks: Pitman and Yor's process.
/// Twelve that looked alike leave 10 % for a thirteenth that does not.
fn new_look(looks: f64, known: f64) -> f64 {
    const STRENGTH: f64 = 1.0;
    const DISCOUNT: f64 = 0.35;
    ((STRENGTH + DISCOUNT * looks) / (STRENGTH + known)).min(1.0)
}

/// The share of jobs that failed, drawn to a tenth while there are few.
fn share(tide: Tide, prior: f64) -> f64 {
    (f64::from(tide.failed) + 0.1 * prior) / (f64::from(tide.jobs) + prior).max(1.0)
}
