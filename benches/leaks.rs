//! How many secrets of public collections are still readable after redaction, and how much is masked in clean logs.
//!
//! `cargo bench --bench leaks -- CASES [LOG…] [--misses] [--masked]`. `.ci/leaks.py cases DIRECTORY` makes CASES, with
//! the examples of `mongodb/kingfisher`, `leaktk/fake-leaks` and `Plazmaz/leaky-repo` in lines as logs have them. A
//! secret counts as masked if no eight characters in a row of its tail (what follows its first eight) are in anything
//! that is kept of the log. `--misses` lists what stayed readable, of the kinds `seen` only; `--masked` prints the
//! lines of the logs in which something was masked.

use ci_rescue::evidence::lines::{Splitter, clean};
use ci_rescue::evidence::{Analyzer, Report, redact};
use serde::Deserialize;
use std::collections::BTreeMap;

const PIECE: usize = 8;

/// A secret in a log.
#[derive(Deserialize)]
struct Case {
    source: String,
    kind: String,
    half: String,
    form: String,
    shape: String,
    secret: String,
    log: String,
}

/// Masked, and all.
type Shares = BTreeMap<String, (u32, u32)>;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (flags, files): (Vec<String>, Vec<String>) =
        arguments.into_iter().partition(|argument| argument.starts_with("--"));
    let asked = |flag: &str| flags.iter().any(|given| given == flag);
    let Some((cases, logs)) = files.split_first() else {
        println!("skipped: no CASES; `.ci/leaks.py cases target/leaks` makes target/leaks/cases.jsonl");
        return;
    };
    recall(&std::fs::read_to_string(cases).expect("the cases"), asked("--misses"));
    for log in logs {
        alarms(log, asked("--masked"));
    }
}

fn recall(cases: &str, list: bool) {
    let mut tables: [Shares; 3] = Default::default();
    for case in cases.lines().map(|line| serde_json::from_str::<Case>(line).expect("a case")) {
        let masked = !is_readable(&case.secret, &kept(&case.log));
        let Case { source, kind, half, form, shape, .. } = &case;
        // Nothing tells a key without a form of its own in a message without its name.
        let told = form == "own" || shape != "error message";
        let rows = [
            told.then(|| format!("{source}, {form}, {half}")),
            Some(format!("{shape}, {form}, {half}")),
            told.then(|| format!("{source}, {kind}")),
        ];
        for (table, row) in tables.iter_mut().zip(rows) {
            let Some(row) = row else { continue };
            let share = table.entry(row).or_default();
            share.0 += u32::from(masked);
            share.1 += 1;
        }
        if list && !masked && half == "seen" {
            println!("{source}\t{kind}\t{form}\t{shape}\t{}\t{:?}", case.secret, case.log);
        }
    }
    let [sources, shapes, kinds] = tables;
    print("collection, form, half", &sources);
    print("shape, form, half", &shapes);
    let whole = kinds.values().filter(|(masked, all)| masked == all).count();
    println!("\n{whole} of {} kinds masked in every log", kinds.len());
}

fn print(head: &str, shares: &Shares) {
    println!("\n| {head} | masked | of | recall |\n|---|---|---|---|");
    for (row, (masked, all)) in shares {
        println!("| {row} | {masked} | {all} | {:.1} % |", 100.0 * f64::from(*masked) / f64::from(*all));
    }
}

/// Everything that is kept of a log.
fn kept(log: &str) -> String {
    let mut analyzer = Analyzer::default();
    analyzer.feed(log.as_bytes());
    let reading = analyzer.finish();
    let report = serde_json::to_string(&Report::new("log".into(), reading.evidence)).expect("a report");
    format!("{}\n{report}", reading.excerpt)
}

/// Whether a piece of the secret's tail is in the text.
fn is_readable(secret: &str, text: &str) -> bool {
    secret.lines().any(|line| {
        let line: Vec<char> = line.trim().chars().collect();
        let tail = &line[PIECE.min(line.len().saturating_sub(PIECE))..];
        let mut pieces = tail.windows(PIECE.min(tail.len()).max(1));
        pieces.any(|piece| text.contains(&piece.iter().collect::<String>()))
    })
}

fn alarms(path: &str, list: bool) {
    let log = std::fs::read(path).expect("the log");
    let mut analyzer = Analyzer::default();
    analyzer.feed(&log);
    let counts = analyzer.finish().evidence.redactions;
    let megabytes = log.len() as f64 / 1e6;
    let all: u64 = counts.values().sum();
    println!("\n{path}: {all} masked in {megabytes:.1} MB, {:.2} a MB: {counts:?}", all as f64 / megabytes);
    if list {
        let mut splitter = Splitter::default();
        let mut look = |lines: &[&[u8]]| lines.iter().for_each(|line| show(&clean(line).text));
        splitter.feed(&log, &mut look);
        splitter.finish(&mut look);
    }
}

fn show(line: &str) {
    let mut counts = redact::Counts::new();
    if redact::text(line, &mut counts) != line {
        println!("{}\t{line}", counts.into_keys().collect::<Vec<_>>().join(","));
    }
}
