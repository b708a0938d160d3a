//! Draws the repos of a world.

use super::clock::{DAY, SECOND};
use super::dice::Dice;
use super::flake::{Cluster, Flake};
use super::look::Look;
use super::shape::Shape;
use super::style::Style;
use super::world::{Customs, Job, Os, Repo, Suite, Test};

const NAMES: [&str; 8] = ["orchid", "ledger", "beacon", "parcel", "quarry", "harbor", "lantern", "thicket"];

/// Tests per source file of tests.
const MODULE_SIZE: usize = 8;

/// The usual matrices, as operating systems and number of language versions.
const MATRICES: [(&[Os], usize); 5] = [
    (&[Os::Linux], 1),
    (&[Os::Linux], 2),
    (&[Os::Linux, Os::Windows], 1),
    (&[Os::Linux, Os::Macos, Os::Windows], 1),
    (&[Os::Linux, Os::Windows], 2),
];

/// The repos of a world, smallest first.
pub fn found(shape: &Shape, dice: &mut Dice) -> Vec<Repo> {
    (0..shape.repos).map(|number| found_repo(number, shape, &mut dice.fork())).collect()
}

fn found_repo(number: usize, shape: &Shape, dice: &mut Dice) -> Repo {
    let style = *dice.pick(&Style::ALL);
    let jobs = draw_jobs(style, dice);
    let size = draw_size(number, shape, dice);
    let mut repo = Repo {
        name: repo_name(number),
        style,
        default_branch: if dice.chance(0.75) { "main" } else { "master" },
        jobs,
        tests: (0..size).map(|n| draw_test(n, size, style, shape.days, dice)).collect(),
        clusters: Vec::new(),
        customs: draw_customs(number, shape, dice),
    };
    make_flaky(&mut repo, shape, dice);
    repo.clusters = (0..dice.poisson(shape.flakes.clusters_a_repo)).map(|_| draw_cluster(&repo, shape, dice)).collect();
    repo
}

fn repo_name(number: usize) -> String {
    let name = NAMES[number % NAMES.len()];
    match number / NAMES.len() {
        0 => format!("acme/{name}"),
        round => format!("acme/{name}-{}", round + 1),
    }
}

/// One size from each of `repos` equal steps of the log scale, so that the
/// number of lines does not swing with the seed.
fn draw_size(number: usize, shape: &Shape, dice: &mut Dice) -> usize {
    let (low, high) = (shape.tests.0 as f64, shape.tests.1 as f64);
    let step = (number as f64 + dice.between(0.0, 1.0)) / shape.repos as f64;
    (low * (high / low).powf(step)).round() as usize
}

fn draw_customs(number: usize, shape: &Shape, dice: &mut Dice) -> Customs {
    Customs {
        tells_default_branch: dice.chance(0.85),
        full_report: ((number as f64) + 0.5) < shape.full_reports * shape.repos as f64,
        tests_merged: dice.chance(0.6),
        runs_push_too: dice.chance(0.3),
        cancels_superseded: dice.chance(0.7),
        fails_fast: dice.chance(0.35),
        own_nightly: dice.chance(0.5),
        raw_paths: dice.chance(0.5),
        rerun_habit: dice.between(0.3, 1.2),
    }
}

fn draw_jobs(style: Style, dice: &mut Dice) -> Vec<Job> {
    let mut jobs = vec![plain_job("lint", dice), plain_job("build", dice)];
    let gate = dice.chance(0.5).then_some(1);
    let (systems, versions) = *dice.pick(&MATRICES);
    for &os in systems {
        for version in &style.versions()[..versions] {
            let name = format!("test ({}, {version})", os.label());
            jobs.push(Job { needs: gate, ..test_job(name, Suite::Unit, os, dice) });
        }
    }
    let os = Os::Linux;
    jobs.push(Job { needs: gate, ..test_job("integration".into(), Suite::Integration, os, dice) });
    if dice.chance(0.7) {
        let job = test_job("e2e".into(), Suite::EndToEnd, os, dice);
        jobs.push(Job { workflow: "E2E", ..job });
    } else {
        jobs.push(Job { needs: gate, ..test_job("browser".into(), Suite::EndToEnd, os, dice) });
    }
    jobs
}

fn plain_job(name: &str, dice: &mut Dice) -> Job {
    let setup_ms = dice.between(30.0, 240.0) * SECOND as f64;
    Job { workflow: "CI", name: name.into(), suite: None, os: Os::Linux, needs: None, setup_ms }
}

fn test_job(name: String, suite: Suite, os: Os, dice: &mut Dice) -> Job {
    let setup_ms = dice.between(60.0, 300.0) * SECOND as f64;
    Job { workflow: "CI", name, suite: Some(suite), os, needs: None, setup_ms }
}

/// Of a repo's tests, 70 % are unit, 22 % integration and 8 % browser tests.
fn draw_test(number: usize, size: usize, style: Style, days: u32, dice: &mut Dice) -> Test {
    let place = (number as f64 + 0.5) / size as f64;
    let (suite, median_ms, network) = match place {
        p if p < 0.70 => (Suite::Unit, 60.0, 0.01),
        p if p < 0.92 => (Suite::Integration, 900.0, 0.2),
        _ => (Suite::EndToEnd, 6_000.0, 0.4),
    };
    let module = Style::module(number / MODULE_SIZE);
    let (born, gone) = draw_life(days, dice);
    Test {
        name: style.test(suite.label(), &module, number),
        module,
        suite,
        born,
        gone,
        uses_network: dice.chance(network),
        skipped_on: dice.chance(0.03).then_some(Os::Windows),
        duration_ms: dice.log_normal(median_ms, 0.9),
        flake: None,
    }
}

/// A few tests are added while we watch, and fewer are deleted.
fn draw_life(days: u32, dice: &mut Dice) -> (i64, i64) {
    let turn = (dice.between(0.0, f64::from(days)) * DAY as f64) as i64;
    match dice.index(100) {
        0..6 => (turn, i64::MAX),
        6..9 => (i64::MIN, turn),
        _ => (i64::MIN, i64::MAX),
    }
}

/// Slow suites hold more than their share of flaky tests.
fn make_flaky(repo: &mut Repo, shape: &Shape, dice: &mut Dice) {
    for number in 0..repo.tests.len() {
        let weight = if repo.tests[number].suite == Suite::Unit { 0.6 } else { 1.9 };
        if dice.chance(shape.flakes.share * weight) {
            let test = &repo.tests[number];
            let looks = draw_looks(repo.style, test, dice);
            let factors = draw_factors(repo, test.suite, dice);
            let flake = Flake::draw(looks, factors, shape.days, &shape.flakes, dice);
            repo.tests[number].flake = Some(flake);
        }
    }
}

/// Most flakes look one way, some have up to three faces.
fn draw_looks(style: Style, test: &Test, dice: &mut Dice) -> Vec<Look> {
    let faces = if dice.chance(0.65) { 1 } else { dice.whole(2, 3) };
    (0..faces).map(|_| Look::flaky(style, &test.module, dice)).collect()
}

/// Half of the flakes do not care about the cell; a third prefer one
/// operating system, and the rest exist on it alone.
fn draw_factors(repo: &Repo, suite: Suite, dice: &mut Dice) -> Vec<f64> {
    let favoured = favoured_os(repo, suite, dice);
    let (there, elsewhere) = match dice.index(6) {
        0..3 => (1.0, 1.0),
        3..5 => (3.0, 0.4),
        _ => (2.0, 0.0),
    };
    repo.jobs.iter().map(|job| if job.os == favoured { there } else { elsewhere }).collect()
}

/// Windows, where there is a cell of it, is blamed twice as often as others.
fn favoured_os(repo: &Repo, suite: Suite, dice: &mut Dice) -> Os {
    let systems: Vec<Os> = repo.cells(suite).iter().map(|&job| repo.jobs[job].os).collect();
    if systems.contains(&Os::Windows) && dice.chance(0.5) {
        return Os::Windows;
    }
    *dice.pick(&systems)
}

fn draw_cluster(repo: &Repo, shape: &Shape, dice: &mut Dice) -> Cluster {
    let suite = if dice.chance(0.5) { Suite::Integration } else { Suite::Unit };
    let fit: Vec<usize> = (0..repo.tests.len()).filter(|&t| repo.tests[t].suite == suite).collect();
    let count = dice.whole(3, 9);
    let members = dice.sample(&fit, count);
    let looks = vec![if dice.chance(0.3) { Look::hang(dice) } else { Look::shared(dice) }];
    let factors = draw_factors(repo, suite, dice);
    let flake = Flake::draw(looks, factors, shape.days, &shape.flakes, dice);
    Cluster { members, flake, spread: dice.between(0.5, 1.0) }
}
