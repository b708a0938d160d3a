//! Causes and scores beside the truth of a simulated history. `cargo bench --bench judgement` prints the figures.

use crate::sim::verdicts::{auc, brier, missed, outcome, ranked, verdicts};
use crate::sim::{Flakes, Shape, simulate};
use ci_rescue::domain::cause::Cause;
use ci_rescue::domain::outcome::Ended;
use ci_rescue::domain::past::{Past, Row};
use ci_rescue::domain::time::{DAY_MS, MINUTE_MS};
use ci_rescue::engine::history::score;
use ci_rescue::history::judge;
use ci_rescue::history::score::Verdict;
use ci_rescue::ports::History;
use ci_rescue::store::{Ledger, Memory};

/// A small world: the suite is no benchmark.
fn small() -> Shape {
    Shape { days: 21, repos: 3, tests: (40, 80), prs_a_day: 3.0, ..Shape::default() }
}

#[tokio::test]
async fn causes_are_told_better_than_by_any_simple_rule() {
    let all: Vec<_> = verdicts(101, &small(), 2).await.into_iter().filter(|one| one.is_test).collect();
    assert!(all.len() > 80, "{}", all.len());
    let first = ranked(&all, |one| one.p_flaky[0]);
    let (one, three) = (ranked(&all, |one| one.p_flaky[1]), ranked(&all, |one| one.p_flaky[2]));
    assert!(auc(&first) > 0.93, "{}", auc(&first));
    assert!(auc(&one) > 0.96, "{}", auc(&one));
    assert!(auc(&three) > 0.965, "{}", auc(&three));
    assert!(brier(&first) < 0.1, "{}", brier(&first));
    assert!(missed(&all) < 0.05, "{}", missed(&all));
    for rule in 0..4 {
        let theirs = auc(&ranked(&all, |one| one.rules[rule]));
        assert!(auc(&first) > theirs + 0.02, "rule {rule}: {theirs}");
    }
}

/// Red at one commit after another, green at none: whatever it is, nobody saw it flake.
#[test]
fn what_never_passed_is_not_called_flaky() {
    let row = |n: u64, attempt: u32, ended| Row {
        run: n,
        attempt,
        ended,
        branch: 1,
        workflow: 2,
        sha: n,
        at: i64::try_from(n).unwrap() * DAY_MS + i64::from(attempt) * MINUTE_MS,
        duration_ms: 0,
        print: 7,
        harmless: None,
    };
    let mut chances = Vec::new();
    for nights in 2..=10 {
        let reds: Vec<Row> = (1..=nights).map(|n| row(n, 1, Ended::Fail)).collect();
        let last = *reds.last().unwrap();
        let judged = |rows: Vec<Row>| judge(&Past { rows, is_test: true, default_branch: 1, ..Past::default() }, &last);
        let never = judged(reds.clone());
        assert!(never.cause != Cause::Flaky, "{nights} nights: {never:?}");
        assert!(!never.because.iter().any(|why| why.contains("flaked in")), "{nights} nights: {:?}", never.because);
        chances.push(never.p_flaky);
        // The same failures, each but the last followed by a pass at its commit.
        let passes = reds[..reds.len() - 1].iter().map(|red| row(red.run, 2, Ended::Pass));
        let mut rows: Vec<Row> = reds.iter().copied().chain(passes).collect();
        rows.sort_by_key(|row| row.at);
        let flaked = judged(rows);
        assert!(flaked.p_flaky > 0.9, "{nights} nights: {flaked:?}");
    }
    assert!(chances.last() < chances.first(), "the longer, the less likely: {chances:?}");
}

/// The true rate lies within the 90 % interval about as often as it says.
#[tokio::test]
async fn intervals_hold_the_true_rates() {
    let flakes = Flakes { share: 0.3, ..Flakes::default() };
    let shape = Shape { full_reports: 1.0, flakes, ..small() };
    let history = simulate(102, &shape);
    let store = Ledger::open(Memory::default()).unwrap();
    store.record(history.lines.iter().map(outcome).collect()).await.unwrap();
    let series = store.series(None).await.unwrap();
    let (mut inside, mut flaky, mut healthy, mut all) = (0, 0, 0, 0);
    for rate in history.rates.iter().filter(|rate| rate.executions > 50 && rate.rate > 0.003) {
        let is = |named: &ci_rescue::ports::Named| {
            named.repo == rate.repo && named.job == rate.job && named.test.as_deref() == Some(&rate.test)
        };
        let Some((series, named)) = series.iter().find(|(_, named)| is(named)) else { continue };
        let scored = score(&store, *series, named.clone()).await.unwrap();
        all += 1;
        inside += u32::from((scored.flake.low..=scored.flake.high).contains(&rate.rate));
        flaky += u32::from(scored.verdict == Verdict::Flaky);
        healthy += u32::from(scored.verdict == Verdict::Healthy && rate.rate > 0.05);
    }
    assert!(all > 40, "{all}");
    assert!(f64::from(inside) > 0.7 * f64::from(all), "{inside} of {all} within their interval");
    assert!(flaky > all / 4, "{flaky} of {all} are called flaky");
    assert_eq!(healthy, 0, "what flakes in one of twenty executions is never healthy");
}
