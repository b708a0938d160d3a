//! Things that code changes break: certain tests, or whole jobs.

use super::dice::Dice;
use super::look::Look;
use super::world::{Repo, Suite};

/// The share of breakages that stop jobs before any test runs.
const WHOLE_JOBS: f64 = 0.2;

/// How often a breakage is put on a flaky test on purpose. Code around a race
/// is changed more than other code, and telling the two apart is the point.
const AIMS_AT_FLAKY: f64 = 0.12;

/// How often a broken flaky test fails just as its flake does.
const LOOKS_LIKE_FLAKE: f64 = 0.25;

#[derive(Clone)]
pub struct Breakage {
    pub jobs: Vec<usize>,
    pub kind: Kind,
    /// The chance that it shows in one execution; 1 unless it is a race.
    pub chance: f64,
}

#[derive(Clone)]
pub enum Kind {
    /// The jobs fail by themselves and run no test.
    Jobs(Look),
    /// These tests fail.
    Tests(Vec<Hit>),
}

#[derive(Clone)]
pub struct Hit {
    pub test: usize,
    pub look: Look,
}

impl Breakage {
    /// What a change made at `base` breaks; a race with the chance `racy`.
    pub fn draw(repo: &Repo, base: i64, racy: f64, dice: &mut Dice) -> Self {
        if dice.chance(racy) {
            return Self::race(repo, base, dice);
        }
        if dice.chance(WHOLE_JOBS) {
            return Self::of_jobs(repo, dice);
        }
        Self::of_tests(repo, base, dice)
    }

    /// Deterministic failures of one or more tests.
    pub fn of_tests(repo: &Repo, base: i64, dice: &mut Dice) -> Self {
        let first = pick_test(repo, base, dice);
        let tests = spread_from(repo, first, base, dice);
        let jobs = pick_cells(repo, repo.tests[first].suite, dice);
        let hits = draw_hits(repo, &tests, dice);
        Self { jobs, kind: Kind::Tests(hits), chance: 1.0 }
    }

    pub fn is_racy(&self) -> bool {
        self.chance < 1.0
    }

    pub fn hit(&self, job: usize, test: usize) -> Option<&Look> {
        match &self.kind {
            Kind::Tests(hits) if self.jobs.contains(&job) => {
                hits.iter().find(|hit| hit.test == test).map(|hit| &hit.look)
            }
            _ => None,
        }
    }

    pub fn whole_job(&self, job: usize) -> Option<&Look> {
        match &self.kind {
            Kind::Jobs(look) if self.jobs.contains(&job) => Some(look),
            _ => None,
        }
    }

    /// What is left after a fix that helped some of the tests only. In half of
    /// the cases the rest now fails in another way.
    pub fn halved(&self, repo: &Repo, dice: &mut Dice) -> Self {
        let mut rest = self.clone();
        if let Kind::Tests(hits) = &mut rest.kind {
            hits.truncate(hits.len().div_ceil(2));
            if dice.chance(0.5) {
                let tests: Vec<usize> = hits.iter().map(|hit| hit.test).collect();
                *hits = draw_hits(repo, &tests, dice);
            }
        }
        rest
    }

    /// A race that one or two tests lose often, in all cells.
    fn race(repo: &Repo, base: i64, dice: &mut Dice) -> Self {
        let first = pick_test(repo, base, dice);
        let count = dice.whole(1, 2);
        let tests = dice.sample(&neighbours(repo, first, base), count);
        let look = |&test: &usize| {
            let look = Look::flaky(repo.style, &repo.tests[test].module, dice);
            Hit { test, look }
        };
        let hits = tests.iter().map(look).collect();
        let jobs = repo.cells(repo.tests[first].suite);
        Self { jobs, kind: Kind::Tests(hits), chance: dice.between(0.2, 0.8) }
    }

    /// A lint finding, or code that builds nowhere.
    fn of_jobs(repo: &Repo, dice: &mut Dice) -> Self {
        let jobs = if dice.chance(0.6) { vec![0] } else { (1..repo.jobs.len()).collect() };
        let look = Look::build_error(repo.style, dice);
        Self { jobs, kind: Kind::Jobs(look), chance: 1.0 }
    }
}

/// A test that exists and is skipped nowhere.
fn pick_test(repo: &Repo, base: i64, dice: &mut Dice) -> usize {
    let mut fit: Vec<usize> = (0..repo.tests.len()).filter(|&t| can_break(repo, t, base)).collect();
    if dice.chance(AIMS_AT_FLAKY) {
        let flaky = fit.iter().copied().filter(|&t| repo.tests[t].flake.is_some());
        let flaky: Vec<usize> = flaky.collect();
        fit = if flaky.is_empty() { fit } else { flaky };
    }
    *dice.pick(&fit)
}

fn can_break(repo: &Repo, test: usize, base: i64) -> bool {
    repo.tests[test].is_in(base) && repo.tests[test].skipped_on.is_none()
}

/// Six of ten changes break one test, most others a few of a module, and one
/// of twenty many tests: wide breakages are seen before they are pushed.
fn spread_from(repo: &Repo, first: usize, base: i64, dice: &mut Dice) -> Vec<usize> {
    let (pool, count) = match dice.index(20) {
        0..12 => return vec![first],
        12..19 => (neighbours(repo, first, base), dice.whole(2, 4)),
        _ => (suite_mates(repo, first, base), dice.whole(5, 12)),
    };
    dice.sample(&pool, count)
}

fn suite_mates(repo: &Repo, first: usize, base: i64) -> Vec<usize> {
    let suite = repo.tests[first].suite;
    (0..repo.tests.len()).filter(|&t| repo.tests[t].suite == suite && can_break(repo, t, base)).collect()
}

fn neighbours(repo: &Repo, first: usize, base: i64) -> Vec<usize> {
    let mut near = suite_mates(repo, first, base);
    near.retain(|&t| repo.tests[t].module == repo.tests[first].module);
    near
}

/// Most breakages show in every cell, some on one system or in one cell.
fn pick_cells(repo: &Repo, suite: Suite, dice: &mut Dice) -> Vec<usize> {
    let mut cells = repo.cells(suite);
    let chosen = *dice.pick(&cells);
    match dice.index(20) {
        0..15 => {}
        15..18 => cells.retain(|&job| repo.jobs[job].os == repo.jobs[chosen].os),
        _ => cells = vec![chosen],
    }
    cells
}

/// One cause often shows as the same text in all tests it breaks.
fn draw_hits(repo: &Repo, tests: &[usize], dice: &mut Dice) -> Vec<Hit> {
    let common = dice.chance(0.5).then(|| draw_look(repo, tests[0], dice));
    let mut hits = Vec::new();
    for &test in tests {
        let look = match (&common, &repo.tests[test].flake) {
            (_, Some(flake)) if dice.chance(LOOKS_LIKE_FLAKE) => dice.pick(&flake.looks).clone(),
            (Some(look), _) => look.clone(),
            (None, _) => draw_look(repo, test, dice),
        };
        hits.push(Hit { test, look });
    }
    hits
}

/// A failed check mostly; some broken code hangs or dies in a shared way.
fn draw_look(repo: &Repo, test: usize, dice: &mut Dice) -> Look {
    match dice.index(20) {
        0 => Look::hang(dice),
        1 => Look::shared(dice),
        _ => Look::assertion(repo.style, &repo.tests[test].module, dice),
    }
}
