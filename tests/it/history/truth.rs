//! The truth a simulation hands out agrees with the lines it hands out.

use std::collections::{HashMap, HashSet};

use crate::sim::{Cause, Flakes, History, Line, Noise, Outcome, Shape, simulate, summary};

/// Seeds over which the shares of causes are taken: one history is too few,
/// as a single bad release can be a third of its failures.
const SEEDS: std::ops::Range<u64> = 1..5;

fn history() -> History {
    simulate(7, &Shape::default())
}

fn bytes(history: &History) -> Vec<u8> {
    serde_json::to_vec(&history.lines).expect("lines serialize")
}

/// What identifies one execution of a test or job.
fn place(line: &Line) -> (&str, &str, Option<&str>) {
    (&line.repo, &line.job, line.test.as_deref())
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, two) = (history(), history());
    assert_eq!(bytes(&one), bytes(&two));
    assert_eq!(one, two);
    assert_ne!(bytes(&one), bytes(&simulate(8, &Shape::default())));
}

#[test]
fn each_failing_line_has_one_truth_and_no_other_line_has() {
    let history = history();
    let failing = (0..history.lines.len()).filter(|&n| history.lines[n].outcome.is_failing());
    let told: Vec<usize> = history.failures.iter().map(|truth| truth.line).collect();
    assert_eq!(failing.collect::<Vec<_>>(), told);
    assert!(history.failures.iter().all(|truth| (0.0..1.0).contains(&truth.test_rate)));
}

#[test]
fn lines_that_did_not_fail_have_no_fingerprint() {
    let history = history();
    let mut calm = history.lines.iter().filter(|line| !line.outcome.is_failing());
    assert!(calm.all(|line| line.fingerprint.is_none()));
}

#[test]
fn what_a_commit_broke_never_passes_at_that_commit() {
    for seed in 1..3 {
        let history = simulate(seed, &Shape::default());
        let broken = history.failures.iter().filter(|truth| truth.note == "broken");
        let broken: HashSet<_> = broken.map(|truth| &history.lines[truth.line]).map(|l| (&l.sha, place(l))).collect();
        let passed = history.lines.iter().filter(|line| line.outcome == Outcome::Pass);
        assert_eq!(passed.filter(|line| broken.contains(&(&line.sha, place(line)))).count(), 0);
    }
}

/// A world in which every execution reports, so that rates can be counted.
fn open_shape() -> Shape {
    Shape {
        days: 45,
        repos: 4,
        tests: (50, 120),
        full_reports: 1.0,
        flakes: Flakes { share: 0.2, hang_kills_job: 0.0, ..Flakes::default() },
        noise: Noise::none(),
        ..Shape::default()
    }
}

/// Unbroken executions and flaky failures of each test in each job.
fn count_flakes(history: &History) -> HashMap<(&str, &str, Option<&str>), (f64, f64)> {
    let mut counts = HashMap::new();
    for line in history.lines.iter().filter(|line| line.outcome == Outcome::Pass) {
        counts.entry(place(line)).or_insert((0.0, 0.0)).0 += 1.0;
    }
    for truth in history.failures.iter().filter(|truth| truth.cause == Cause::Flaky) {
        let count = counts.entry(place(&history.lines[truth.line])).or_insert((0.0, 0.0));
        *count = (count.0 + 1.0, count.1 + 1.0);
    }
    counts
}

/// Squared distances, in standard deviations, between the observed and the
/// expected flakes of each test that should flake more than five times.
fn distances(history: &History) -> Vec<f64> {
    let counts = count_flakes(history);
    let mut squares = Vec::new();
    for rate in &history.rates {
        let key = (rate.repo.as_str(), rate.job.as_str(), Some(rate.test.as_str()));
        let (runs, flakes) = counts.get(&key).copied().unwrap_or_default();
        assert!(rate.rate > 0.0 || flakes == 0.0, "{rate:?} flaked");
        let mean = runs * rate.rate;
        if mean > 5.0 {
            squares.push((flakes - mean).powi(2) / (mean * (1.0 - rate.rate)));
        }
    }
    squares
}

#[test]
fn observed_flake_rates_agree_with_the_true_ones() {
    let shape = open_shape();
    let squares: Vec<f64> = (1..4).flat_map(|seed| distances(&simulate(seed, &shape))).collect();
    let spread = squares.iter().sum::<f64>() / squares.len() as f64;
    assert!(squares.len() > 100, "only {} tests flake enough to tell", squares.len());
    assert!(squares.iter().all(|square| *square < 25.0), "{squares:?}");
    assert!((0.6..1.4).contains(&spread), "{spread}");
}

#[test]
fn the_default_shape_mixes_causes_as_planned() {
    let mut totals = [0; 6];
    for seed in SEEDS {
        let history = simulate(seed, &Shape::default());
        assert!((20_000..260_000).contains(&history.lines.len()), "{}", history.lines.len());
        let counts = summary::first_failures(&history);
        totals.iter_mut().zip(counts).for_each(|(total, count)| *total += count);
    }
    let all: usize = totals.iter().sum();
    let share = |cause: Cause| totals[cause as usize] as f64 / all as f64;
    assert!((0.35..0.50).contains(&share(Cause::Flaky)), "{totals:?}");
    assert!((0.25..0.40).contains(&share(Cause::Deterministic)), "{totals:?}");
    assert!(Cause::ALL.iter().all(|&cause| share(cause) > 0.005), "{totals:?}");
}

#[test]
fn the_reports_are_as_untidy_as_real_ones() {
    let history = history();
    let lines = &history.lines;
    let any = |fits: &dyn Fn(&Line) -> bool| lines.iter().any(fits);
    assert!(any(&|line| line.attempt == 3));
    assert!(any(&|line| line.default_branch.is_none()));
    assert!(any(&|line| line.duration_ms.is_none()));
    assert!(any(&|line| line.outcome.is_failing() && line.fingerprint.is_none()));
    for outcome in [Outcome::Skip, Outcome::Timeout, Outcome::Cancelled] {
        assert!(any(&|line| line.outcome == outcome), "no {outcome:?}");
    }
    assert!(lines.windows(2).any(|pair| pair[0].at > pair[1].at), "all in order");
    let mut seen = HashSet::new();
    let key = |line: &Line| serde_json::to_string(line).expect("a line serializes");
    assert!(!lines.iter().all(|line| seen.insert(key(line))), "nothing twice");
}

#[test]
fn one_sha_can_have_several_runs_of_one_workflow() {
    let history = history();
    let mut runs: HashMap<_, HashSet<&str>> = HashMap::new();
    for line in &history.lines {
        runs.entry((&line.sha, &line.workflow)).or_default().insert(&line.run_id);
    }
    assert!(runs.values().any(|ids| ids.len() > 1));
}
