//! Fingerprints of failures that are the same but for the run, and of failures that are not.

use super::{Row, logs, read, rows, text};
use regex::{Captures, Regex};
use std::collections::BTreeMap;

/// What differs between two runs of the same thing. `n` is another number each time.
fn perturb(log: &str, how: usize, n: usize) -> String {
    let replace = |pattern: &str, with: &dyn Fn(&Captures<'_>) -> String| {
        Regex::new(pattern).unwrap().replace_all(log, |found: &Captures<'_>| with(found)).into_owned()
    };
    let digits = |text: &str| -> String {
        text.bytes()
            .enumerate()
            .map(|(at, b)| {
                if b.is_ascii_digit() {
                    char::from(b'0' + u8::try_from((usize::from(b) + n + at) % 10).unwrap())
                } else {
                    b.into()
                }
            })
            .collect()
    };
    match how {
        // Times: of day, and of how long something took.
        0 => replace(r"\d\d:\d\d:\d\d(?:\.\d+)?|\b\d+(?:\.\d+)? ?(?:ms|s|sec|seconds)\b", &|f| digits(&f[0])),
        // Another checkout.
        1 => replace(r"/(?:home|Users)/\w+/(?:work|build)/[\w.-]+/", &|_| format!("/builds/agent-{n}/workspace/")),
        // Hashes and addresses.
        2 => replace(r"\b0x[0-9a-f]{6,}\b|\b[0-9a-f]{40}\b|\b[0-9a-f]{64}\b", &|f| {
            f[0].chars()
                .enumerate()
                .map(|(at, c)| {
                    if at > 1 && c.is_ascii_hexdigit() {
                        "0123456789abcdef".as_bytes()[(c as usize + at + n) % 16] as char
                    } else {
                        c
                    }
                })
                .collect()
        }),
        // Ports.
        3 => replace(r"\b((?:127\.0\.0\.1|localhost):)\d{4,5}\b", &|f| format!("{}{}", &f[1], 20_000 + n % 40_000)),
        // Another runner.
        4 => {
            replace(r"\b(?:ubuntu|macos|windows)-(?:latest|\d+(?:\.\d+)?)\b", &|_| format!("ubuntu-{}.04", 20 + n % 8))
        }
        // Lines of the failing step that tell of tests, in another order.
        5 => {
            let mut failing: Vec<&str> =
                log.lines().filter(|line| line.contains("FAILED ") || line.contains("--- FAIL")).collect();
            failing.reverse();
            let mut next = failing.into_iter();
            log.lines()
                .map(|line| {
                    if line.contains("FAILED ") || line.contains("--- FAIL") {
                        next.next().unwrap_or(line)
                    } else {
                        line
                    }
                })
                .collect::<Vec<_>>()
                .join("\n")
        }
        // More noise before it.
        _ => format!("{}{log}", "Downloading something\n".repeat(1 + n % 50)),
    }
}

const WAYS: usize = 7;

/// Labelled as one failure, or told by their labels to be: the same tests, or the same first line but for its numbers.
fn looks_alike(one: &Row, other: &Row) -> bool {
    let group = one.same_failure_group.is_some() && one.same_failure_group == other.same_failure_group;
    let tests = !one.failing_tests.is_empty() && one.failing_tests == other.failing_tests;
    let line = |row: &Row| -> Option<String> {
        row.error_lines.first().map(|line| line.chars().filter(|c| !c.is_ascii_digit()).collect())
    };
    group || tests || (one.failing_tests.is_empty() && line(one) == line(other))
}

#[test]
fn a_thousand_pairs_are_told_right() {
    let Some(dir) = logs() else { return };
    let (mut same, mut kept) = (0_usize, 0_usize);
    let mut lost: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    let mut prints = Vec::new();
    for (at, row) in rows(&dir).iter().enumerate() {
        let log = text(&dir, &row.file);
        if log.len() > 400_000 {
            continue;
        }
        let log = String::from_utf8_lossy(&log).into_owned();
        let Some(print) = read(log.as_bytes()).fingerprint else { continue };
        for how in 0..WAYS {
            let other = read(perturb(&log, how, at * 7 + 3).as_bytes()).fingerprint;
            same += 1;
            if other.as_ref() == Some(&print) {
                kept += 1;
            } else {
                lost.entry(how).or_default().push(row.file.clone());
            }
            prints.push((row.clone(), other));
        }
        prints.push((row.clone(), Some(print)));
    }
    // Pairs of different failures: each print with those of the 12 logs after it.
    let (mut different, mut mixed) = (0, BTreeMap::new());
    for (at, (row, print)) in prints.iter().enumerate() {
        for (other, other_print) in prints[at + 1..].iter().step_by(WAYS + 1).take(12) {
            if row.file == other.file || looks_alike(row, other) {
                continue;
            }
            different += 1;
            if print.is_some() && print == other_print {
                *mixed.entry((&row.file, &other.file)).or_insert(0) += 1;
            }
        }
    }
    let wrong: usize = mixed.values().sum();
    let (precision, recall) = (kept as f64 / (kept + wrong) as f64, kept as f64 / same as f64);
    println!(
        "{same} pairs of the same failure, {different} of different ones: precision {precision:.3}, recall {recall:.3}"
    );
    assert!(same >= 1_000 && different >= 1_000);
    assert!(recall >= 0.97, "{lost:?}");
    assert!(precision >= 0.97, "{mixed:?}");
}
