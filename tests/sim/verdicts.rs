//! Judgements of a simulated history as it unfolds, beside the truth.

use super::{Cause, History, Shape, simulate};
use ci_rescue::domain::outcome::{Ended, Outcome};
use ci_rescue::history::{self, line};
use ci_rescue::ports::History as _;
use ci_rescue::store::{Ledger, Memory};
use std::collections::HashMap;

/// One failure, judged by what was known when it arrived.
#[derive(Clone, Debug)]
pub struct Verdict {
    pub truth: Cause,
    pub racy: bool,
    pub is_test: bool,
    pub cause: history::Cause,
    /// At the first failure, after one more execution at the commit, after three.
    pub p_flaky: [f64; 3],
    /// What simple rules would say at the first failure, in the order of [`RULES`].
    pub rules: [f64; 4],
}

pub const RULES: [&str; 4] = ["flip rate", "passed on retry", "entropy", "mixture by hand"];

/// Judges every `every`th failing test of the last four fifths of a history: the first is there to learn from. Only
/// first failures at a commit are looked at; what further executions would come to is drawn from the truth.
pub async fn verdicts(seed: u64, shape: &Shape, every: usize) -> Vec<Verdict> {
    let history = simulate(seed, shape);
    let outcomes: Vec<Outcome> = history.lines.iter().map(outcome).collect();
    let mut order: Vec<usize> = (0..outcomes.len()).collect();
    order.sort_by_key(|line| outcomes[*line].at);
    let truths: HashMap<usize, usize> = history.failures.iter().enumerate().map(|(n, truth)| (truth.line, n)).collect();
    let store = Ledger::open(Memory::default()).expect("a store");
    let (mut all, mut waiting, mut dice) = (Vec::new(), Vec::new(), fastrand::Rng::with_seed(seed));
    let mut failures = 0;
    for (n, at) in order.iter().enumerate() {
        waiting.push(outcomes[*at].clone());
        let Some(truth) = truths.get(at) else { continue };
        failures += 1;
        if n < order.len() / 5 || failures % every != 0 || outcomes[*at].attempt > 1 {
            continue;
        }
        store.record(std::mem::take(&mut waiting)).await.expect("recorded");
        all.extend(judge(&store, &history, *truth, &outcomes[*at], &mut dice).await);
    }
    all
}

/// A line as the importer reads it.
pub fn outcome(of: &super::Line) -> Outcome {
    line::read(&serde_json::to_vec(of).expect("a line")).expect("an outcome")
}

async fn judge(
    store: &Ledger<Memory>,
    history: &History,
    truth: usize,
    failure: &Outcome,
    dice: &mut fastrand::Rng,
) -> Option<Verdict> {
    let truth = &history.failures[truth];
    let mut again = Vec::new();
    let mut p_flaky = [0.0; 3];
    let mut first = None;
    for executions in 0..=3_u32 {
        if executions > 0 {
            again.push(execution(failure, executions, truth, dice));
        }
        let Some(at) = [0, 1, 3].iter().position(|n| *n == executions) else { continue };
        let pasts = store.with(&again).await.expect("a look");
        let (past, row) = pasts.past(failure).expect("a past");
        let there = |row: &&ci_rescue::domain::past::Row| {
            row.sha == ci_rescue::domain::outcome::number(&failure.sha) && row.ended.is_telling()
        };
        if executions == 0 && past.rows.iter().filter(there).count() > 1 {
            return None;
        }
        let judged = history::judge(&past, &row);
        p_flaky[at] = judged.p_flaky;
        if executions == 0 {
            let before: Vec<_> = past.rows.iter().filter(|row| row.at < failure.at.0).copied().collect();
            first = Some((judged.cause, rules(&before, past.default_branch)));
        }
    }
    let (cause, rules) = first?;
    let racy = truth.note.starts_with("racy");
    Some(Verdict { truth: truth.cause, racy, is_test: failure.test.is_some(), cause, p_flaky, rules })
}

/// What a further execution comes to, by the truth.
fn execution(of: &Outcome, n: u32, truth: &super::Truth, dice: &mut fastrand::Rng) -> Outcome {
    let fails = match truth.cause {
        Cause::Flaky | Cause::Transient => truth.test_rate,
        _ if truth.note.starts_with("racy") => 0.5,
        Cause::Infra => 0.3,
        _ => 1.0,
    };
    let failed = dice.f64() < fails;
    Outcome {
        attempt: of.attempt + n,
        at: of.at.plus_ms(i64::from(n) * 600_000),
        ended: if failed { Ended::Fail } else { Ended::Pass },
        fingerprint: of.fingerprint.clone().filter(|_| failed),
        ..of.clone()
    }
}

fn rules(rows: &[ci_rescue::domain::past::Row], default_branch: u32) -> [f64; 4] {
    let evidence = history::score(rows, default_branch).evidence;
    let retried = f64::from(evidence.passed_on_retry) / f64::from(evidence.failures.max(1));
    let mixture = 0.5 * retried + 0.3 * evidence.flip_rate + 0.2 * evidence.entropy;
    [evidence.flip_rate, retried, evidence.entropy, mixture]
}

/// The chance that a flake is ranked above a breakage: the area under the curve.
pub fn auc(ranked: &[(f64, bool)]) -> f64 {
    let mut sorted = ranked.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (mut ranks, mut at) = (0.0, 0);
    while at < sorted.len() {
        let ties = sorted[at..].iter().take_while(|one| one.0 == sorted[at].0).count();
        let rank = at as f64 + (ties as f64 + 1.0) / 2.0;
        ranks += rank * sorted[at..at + ties].iter().filter(|one| one.1).count() as f64;
        at += ties;
    }
    let flaky = ranked.iter().filter(|one| one.1).count() as f64;
    (ranks - flaky * (flaky + 1.0) / 2.0) / (flaky * (ranked.len() as f64 - flaky))
}

/// Mean squared distance between chance and truth.
pub fn brier(ranked: &[(f64, bool)]) -> f64 {
    ranked.iter().map(|(p, y)| (p - f64::from(u8::from(*y))).powi(2)).sum::<f64>() / ranked.len() as f64
}

/// Mean distance, over ten bins, between the chance told and the share that came true.
pub fn calibration(ranked: &[(f64, bool)]) -> f64 {
    let mut bins = [(0.0_f64, 0.0_f64); 10];
    for (p, y) in ranked {
        let bin = &mut bins[((p * 10.0) as usize).min(9)];
        bin.0 += p;
        bin.1 += f64::from(u8::from(*y));
    }
    bins.iter().map(|(told, true_)| (told - true_).abs()).sum::<f64>() / ranked.len() as f64
}

/// The share of flakes found where two in a hundred breakages are taken for flakes.
pub fn found(ranked: &[(f64, bool)]) -> f64 {
    let mut broken: Vec<f64> = ranked.iter().filter(|one| !one.1).map(|one| one.0).collect();
    broken.sort_by(|a, b| b.total_cmp(a));
    let cut = broken.get(broken.len() / 50).copied().unwrap_or(1.0);
    let flaky: Vec<f64> = ranked.iter().filter(|one| one.1).map(|one| one.0).collect();
    flaky.iter().filter(|p| **p > cut).count() as f64 / flaky.len().max(1) as f64
}

/// Of real breakages, the share called flaky or transient.
pub fn missed(verdicts: &[Verdict]) -> f64 {
    let real: Vec<_> = verdicts.iter().filter(|one| one.truth == Cause::Deterministic).collect();
    let harmless = |one: &&&Verdict| matches!(one.cause, history::Cause::Flaky | history::Cause::Transient);
    real.iter().filter(harmless).count() as f64 / real.len().max(1) as f64
}

/// Flakes against breakages, ranked by what `chance` reads off a verdict.
pub fn ranked(verdicts: &[Verdict], chance: impl Fn(&Verdict) -> f64) -> Vec<(f64, bool)> {
    let told = verdicts.iter().filter(|one| matches!(one.truth, Cause::Flaky | Cause::Deterministic));
    told.map(|one| (chance(one), one.truth == Cause::Flaky)).collect()
}
