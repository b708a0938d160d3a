//! Which sources need a rule: a row of `rules/signs.toml` that helps the logs of one source alone fits its samples, not
//! a format. `-- --nocapture` prints the table.

use super::{logs, read_in, rows, samples, text};
use ci_rescue::evidence::lines::body;
use regex::bytes::{Regex, RegexBuilder};
use std::collections::{BTreeMap, BTreeSet};

#[derive(serde::Deserialize)]
struct File {
    sign: Vec<Sign>,
}

#[derive(serde::Deserialize)]
struct Sign {
    id: String,
    pattern: String,
}

/// Rows that only the real logs of one source need today: none may be added.
const OF_ONE_SOURCE: usize = 12;

#[test]
fn few_rules_are_needed_by_one_source_alone() {
    let Some(dir) = logs() else { return };
    let file: File = toml::from_str(include_str!("../../../rules/signs.toml")).unwrap();
    let pattern = |sign: &Sign| RegexBuilder::new(&sign.pattern).unicode(false).build().unwrap();
    let signs: Vec<(String, Regex)> = file.sign.iter().map(|sign| (sign.id.clone(), pattern(sign))).collect();
    let mut needed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut note = |line: &str, source: &str| {
        for (id, pattern) in &signs {
            let seen =
                pattern.is_match(line.as_bytes()) || body(line).is_some_and(|body| pattern.is_match(body.as_bytes()));
            if seen {
                needed.entry(id).or_default().insert(source.to_owned());
            }
        }
    };
    for row in rows(&dir) {
        let log = text(&dir, &row.file);
        if log.len() > 1 << 20 {
            continue;
        }
        let source = row.file.split(['_', '.']).next().unwrap_or_default();
        let evidence = read_in(&log, 64 << 10).evidence;
        let right = |line: &&str| row.error_lines.iter().any(|truth| line.contains(truth.trim()));
        evidence.errors.iter().map(|error| error.text.raw()).filter(right).for_each(|line| note(line, source));
    }
    for (file, samples) in samples::read("kinds").into_iter().chain(samples::read("unseen")) {
        samples
            .iter()
            .flat_map(|sample| sample.text.lines())
            .for_each(|line| note(line.trim_end(), &format!("own/{file}")));
    }
    let alone: Vec<_> = signs
        .iter()
        .filter_map(|(id, _)| needed.get(id.as_str()).map(|sources| (id, sources)))
        .filter(|(_, sources)| sources.len() == 1 && !sources.iter().any(|source| source.starts_with("own/")))
        .collect();
    let unseen: Vec<_> = signs.iter().map(|(id, _)| id).filter(|id| !needed.contains_key(id.as_str())).collect();
    println!("of one source: {alone:?}\nseen in no sample: {unseen:?}");
    assert!(alone.len() <= OF_ONE_SOURCE, "{alone:?}");
}
