//! A second set of samples, by ecosystem: written once from the formats of the tools, before any rule was made for them.
//! What was read of them at first stands in `docs/evidence.md`. `-- --nocapture` prints the tables.

use super::samples::{SHAPES, Sample, read};
use ci_rescue::domain::evidence::Evidence;
use regex::Regex;
use std::collections::BTreeMap;

#[derive(Default)]
struct Score {
    n: usize,
    first: usize,
    ten: usize,
    category: usize,
    exit: usize,
    wanted: usize,
    said: usize,
    right: usize,
}

impl Score {
    fn add(&mut self, sample: &Sample, evidence: &Evidence) {
        let holds = |n: usize| evidence.errors.iter().take(n).any(|error| error.text.raw().contains(&sample.line));
        self.n += 1;
        self.first += usize::from(holds(1) || evidence.quote().is_some_and(|q| q.text.raw().contains(&sample.line)));
        self.ten += usize::from(holds(10));
        self.category += usize::from(sample.categories.iter().any(|one| one == evidence.category.as_str()));
        self.exit += usize::from(evidence.exit_code == Some(1));
        if let Some(tests) = &sample.tests {
            self.wanted += tests.len();
            self.said += evidence.failing_tests.len();
            self.right +=
                evidence.failing_tests.iter().filter(|test| tests.iter().any(|t| t == test.name.raw())).count();
        }
    }

    fn share(&self, part: usize) -> f64 {
        part as f64 / self.n as f64
    }

    fn f1(&self) -> f64 {
        2.0 * self.right as f64 / (self.wanted + self.said).max(1) as f64
    }
}

fn table(name: &str, scores: &BTreeMap<String, Score>) {
    for (row, score) in scores {
        println!(
            "{name:<10} {row:<12} n={:<4} quoted {:.2} hit@10 {:.2} category {:.2} tests F1 {:.2} exit {:.2}",
            score.n,
            score.share(score.first),
            score.share(score.ten),
            score.share(score.category),
            score.f1(),
            score.share(score.exit),
        );
    }
}

#[test]
fn what_no_rule_was_made_for_is_read_well() {
    let (mut all, mut ecosystems, mut sources) = (Score::default(), BTreeMap::new(), BTreeMap::new());
    let samples =
        read("unseen").into_iter().flat_map(|(file, samples)| samples.into_iter().map(move |s| (file.clone(), s)));
    for (at, (file, sample)) in samples.enumerate() {
        let shape = SHAPES[at % SHAPES.len()];
        let evidence = super::read(sample.log(shape).as_bytes());
        for fault in sample.faults(&evidence) {
            println!("miss {file}, {}, {shape:?}: {fault}", sample.command);
        }
        all.add(&sample, &evidence);
        ecosystems.entry(file).or_insert_with(Score::default).add(&sample, &evidence);
        sources.entry(format!("{shape:?}")).or_insert_with(Score::default).add(&sample, &evidence);
    }
    table("ecosystem", &ecosystems);
    table("source", &sources);
    table("all", &BTreeMap::from([(String::new(), all)]));
    let n: usize = ecosystems.values().map(|score| score.n).sum();
    let sum = |part: fn(&Score) -> usize| ecosystems.values().map(part).sum::<usize>() as f64 / n as f64;
    assert!(n >= 120);
    assert!(sum(|score| score.first) >= FIRST, "quoted {:.2}", sum(|score| score.first));
    assert!(sum(|score| score.ten) >= TEN, "hit@10 {:.2}", sum(|score| score.ten));
    assert!(sum(|score| score.category) >= CATEGORY, "category {:.2}", sum(|score| score.category));
}

/// A little below what was reached, so that a rule that spoils others is noticed.
const FIRST: f64 = 0.80;
const TEN: f64 = 0.92;
const CATEGORY: f64 = 0.88;

/// Another run of the same: times, processes, durations, a checkout elsewhere.
fn again(text: &str) -> String {
    let replace =
        |text: String, pattern: &str, with: &str| Regex::new(pattern).unwrap().replace_all(&text, with).into_owned();
    let text = replace(text.to_owned(), r"/app/", "/builds/agent-7/workspace/");
    let text = replace(text, r"\b\d+\.\d+( ?)(s|ms|secs|seconds)\b", "7.31$1$2");
    let text = replace(text, r"2026-03-04", "2026-03-11");
    replace(text, r"\b(pid=|goroutine |0x)\d+", "${1}77")
}

#[test]
fn fingerprints_hold_in_another_run_and_on_another_runner() {
    let samples: Vec<Sample> = read("unseen").into_iter().flat_map(|(_, samples)| samples).collect();
    let print = |log: &str| super::read(log.as_bytes()).fingerprint;
    let (mut kept, mut lost, mut seen) = (0, Vec::new(), BTreeMap::<String, Vec<&str>>::new());
    for (at, sample) in samples.iter().enumerate() {
        let here = print(&sample.log(SHAPES[at % SHAPES.len()]));
        let there = print(&again(&sample.log(SHAPES[(at + 1) % SHAPES.len()])));
        if here.is_some() && here == there {
            kept += 1;
        } else {
            lost.push(&sample.command);
        }
        seen.entry(here.unwrap_or_default()).or_default().push(&sample.command);
    }
    let mixed: Vec<_> = seen.iter().filter(|(print, all)| !print.is_empty() && all.len() > 1).collect();
    let wrong: usize = mixed.iter().map(|(_, all)| all.len() * (all.len() - 1) / 2).sum();
    println!("{kept} kept, lost {lost:?}; {wrong} pairs mixed: {mixed:?}");
    let (recall, precision) = (kept as f64 / samples.len() as f64, kept as f64 / (kept + wrong) as f64);
    assert!(recall >= 0.92 && precision >= 0.95, "recall {recall:.3}, precision {precision:.3}");
}
