//! How well causes are told: simulated histories with known truth, and the rules that others use.
//!
//! `cargo bench --bench judgement [-- SEED…]`. Seeds 1 to 10 were used to fit; the default is 21 to 40.

#[path = "../tests/sim/mod.rs"]
#[allow(
    dead_code,
    unused_imports,
    clippy::pedantic,
    reason = "drawn numbers are cut to whole ones; the tests use the rest"
)]
mod sim;

use sim::Shape;
use sim::verdicts::{RULES, Verdict, auc, brier, calibration, found, missed, ranked, verdicts};

fn spread(name: &str, of: &[f64]) {
    let mean = of.iter().sum::<f64>() / of.len() as f64;
    let (low, high) = of.iter().fold((f64::MAX, f64::MIN), |(low, high), x| (low.min(*x), high.max(*x)));
    println!("| {name} | {mean:.3} | {low:.3} to {high:.3} |");
}

/// The calibration error that a judge would show who was right about every chance: there are only so many failures.
fn by_chance(ranked: &[(f64, bool)]) -> f64 {
    const DRAWS: u32 = 100;
    let mut dice = fastrand::Rng::with_seed(1);
    let mut drawn = || calibration(&ranked.iter().map(|(p, _)| (*p, dice.f64() < *p)).collect::<Vec<_>>());
    (0..DRAWS).map(|_| drawn()).sum::<f64>() / f64::from(DRAWS)
}

fn main() {
    let seeds: Vec<u64> = std::env::args().filter_map(|arg| arg.parse().ok()).collect();
    let seeds = if seeds.is_empty() { (21..41).collect() } else { seeds };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let all: Vec<Vec<Verdict>> = seeds
        .iter()
        .map(|seed| {
            let verdicts = runtime.block_on(verdicts(*seed, &Shape::default(), 1));
            verdicts.into_iter().filter(|verdict| verdict.is_test).collect()
        })
        .collect();
    println!("{} failures of tests in {} histories\n", all.iter().map(Vec::len).sum::<usize>(), seeds.len());
    println!("| figure | mean | over the seeds |\n|---|---|---|");
    let over = |of: &dyn Fn(&[Verdict]) -> f64| all.iter().map(|verdicts| of(verdicts)).collect::<Vec<_>>();
    for (at, when) in ["at the first failure", "after 1 re-run", "after 3 re-runs"].into_iter().enumerate() {
        spread(&format!("AUC {when}"), &over(&|v| auc(&ranked(v, |one| one.p_flaky[at]))));
    }
    for (at, rule) in RULES.into_iter().enumerate() {
        spread(&format!("AUC of the {rule}"), &over(&|v| auc(&ranked(v, |one| one.rules[at]))));
    }
    spread("flakes found at 2 % false alarms", &over(&|v| found(&ranked(v, |one| one.p_flaky[0]))));
    let together: Vec<Verdict> = all.iter().flatten().cloned().collect();
    let together = ranked(&together, |one| one.p_flaky[0]);
    println!("| calibration error of all together | {:.3} | |", calibration(&together));
    println!("| Brier score of all together | {:.3} | |", brier(&together));
    spread("calibration error", &over(&|v| calibration(&ranked(v, |one| one.p_flaky[0]))));
    spread("calibration error by chance alone", &over(&|v| by_chance(&ranked(v, |one| one.p_flaky[0]))));
    spread("Brier score", &over(&|v| brier(&ranked(v, |one| one.p_flaky[0]))));
    spread("breakages called flaky", &over(&|v| missed(v)));
}
