//! The configuration: every key is listed with its type and default, and every example is accepted.

use super::made::keep;
use super::{document, documents, root};
use ci_rescue::config;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const MANUAL: &str = "docs/configuration.md";
/// Keys of `[[policy.rules]]` have tables of their own.
const RULES: &str = "policy.rules.";

type Lines<'a> = std::iter::Peekable<std::str::Lines<'a>>;

/// The defaults by key, as people would write them, read off how Rust prints the configuration.
fn defaults() -> BTreeMap<String, String> {
    let text = format!("{:#?}", config::defaults());
    let mut lines = text.lines().peekable();
    lines.next();
    let mut all = BTreeMap::new();
    section(&mut lines, "", &mut all);
    all
}

fn section(lines: &mut Lines<'_>, above: &str, all: &mut BTreeMap<String, String>) {
    while let Some(line) = lines.next() {
        let line = line.trim().trim_end_matches(',');
        let Some((name, value)) = line.split_once(": ") else { return };
        let key = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        match value {
            "[" if lines.peek().is_some_and(|first| first.ends_with('{')) => {
                lines.next();
                section(lines, &key, all);
                lines.next();
            }
            "[" => drop(all.insert(key, format!("[{}]", until(lines, "]").join(", ")))),
            "{" => {
                let entry = |line: String| line.replace(": ", " = ").replace('"', "");
                let entries: Vec<String> = until(lines, "}").into_iter().map(entry).collect();
                all.insert(key, format!("{{{}}}", entries.join(", ")));
            }
            _ if value.ends_with('{') => section(lines, &key, all),
            _ if value.ends_with('(') => drop(all.insert(key, until(lines, ")").join(", "))),
            _ => drop(all.insert(key, written(value))),
        }
    }
}

fn until(lines: &mut Lines<'_>, end: &str) -> Vec<String> {
    let mut out = Vec::new();
    for line in lines.map(|line| line.trim().trim_end_matches(',')) {
        if line == end {
            break;
        }
        let is_variant = line.chars().next().is_some_and(char::is_uppercase);
        out.push(if is_variant { format!("\"{}\"", line.to_lowercase()) } else { line.to_owned() });
    }
    out
}

/// A value of its own: texts without quotes, and nothing where there is no default.
fn written(value: &str) -> String {
    match value {
        "None" => String::new(),
        _ if value.chars().next().is_some_and(char::is_uppercase) => value.to_lowercase(),
        _ => value.trim_matches('"').to_owned(),
    }
}

/// The page, with types and defaults as they are; and the keys that it lists.
fn renewed(text: &str) -> (String, Vec<String>) {
    let kinds: BTreeMap<String, String> = config::listed().into_iter().map(|one| (one.key, one.kind)).collect();
    let defaults = defaults();
    let (mut out, mut keys, mut within) = (String::new(), Vec::new(), false);
    for line in text.lines() {
        within = line.starts_with("| key |") || within && line.starts_with('|');
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let line = match cells.as_slice() {
            ["key", ..] if within => "| key | type | default | what |".to_owned(),
            [dashes, ..] if within && dashes.starts_with("--") => "|---|---|---|---|".to_owned(),
            [key, .., what] if within => {
                let name = key.trim_matches('`').to_owned();
                let kind = kinds.get(&name).unwrap_or_else(|| panic!("{MANUAL}: there is no key {name}"));
                let default = defaults.get(&name).filter(|value| !value.is_empty());
                let default = default.map_or_else(String::new, |value| format!("`{value}`"));
                keys.push(name);
                format!("| {key} | {kind} | {default} | {what} |").replace("|  |", "| |")
            }
            _ => line.to_owned(),
        };
        out += &format!("{line}\n");
    }
    (out, keys)
}

#[test]
fn every_key_is_listed_with_its_type_and_default() {
    let text = fs::read_to_string(root().join(MANUAL)).unwrap();
    let (made, listed) = renewed(&text);
    let all: BTreeSet<String> = config::listed().into_iter().map(|one| one.key).collect();
    let missing: Vec<&String> = all.iter().filter(|key| !key.starts_with(RULES) && !listed.contains(key)).collect();
    assert!(all.len() > 100 && missing.is_empty(), "{MANUAL} does not list {missing:?}");
    let once: BTreeSet<&String> = listed.iter().collect();
    assert_eq!(once.len(), listed.len(), "{MANUAL} lists a key twice");
    let spans = document(MANUAL).spans;
    for key in all.iter().filter(|key| key.starts_with(RULES)) {
        let name = key.rsplit('.').next().unwrap();
        assert!(spans.iter().any(|span| span == name), "{MANUAL} does not explain {key}");
    }
    keep(MANUAL, &made);
    // A row that is gone is noticed, and so is a default that is not the code's.
    let is_there = |line: &&str| !line.starts_with("| `store.path`");
    let without: Vec<&str> = made.lines().filter(is_there).collect();
    assert_eq!(renewed(&without.join("\n")).1.len(), listed.len() - 1);
    let planted = made.replace("`ci-rescue-data`", "`elsewhere`");
    assert!(planted != made && renewed(&planted).0 == made);
}

/// Why the bot does not accept an example of a kind.
fn refused(kind: &str, block: &str) -> Option<String> {
    let remedies: Vec<&str> = ci_rescue::remedies::all().iter().map(|remedy| remedy.id()).collect();
    match kind {
        "" => config::parse(block, &[]).err().map(|why| why.to_string()),
        "known-issues" => ci_rescue::evidence::known::own::read(block, |_| true).err().map(|why| why.join("\n")),
        "repository" => ci_rescue::policy::read_own(block, &remedies).err(),
        // Tried by `setup` itself.
        "answers" => None,
        other => Some(format!("no such kind: {other}")),
    }
}

#[test]
fn examples_are_accepted() {
    let mut tried: BTreeMap<String, usize> = BTreeMap::new();
    for document in documents() {
        for (language, block) in &document.blocks {
            let Some(kind) = language.strip_prefix("toml").map(str::trim) else { continue };
            *tried.entry(kind.to_owned()).or_default() += 1;
            if let Some(why) = refused(kind, block) {
                panic!("{}: {why}\n{block}", document.path.display());
            }
        }
    }
    assert!(tried[""] > 8 && tried["known-issues"] > 1 && tried["repository"] > 0, "{tried:?}");
    // One that is wrong is noticed.
    for (kind, block) in [
        ("", "[server]\nlisten = 1\n"),
        ("known-issues", "[[issue]]\nid = \"x\"\n"),
        ("repository", "mode = \"all\"\n"),
        ("planted", ""),
    ] {
        assert!(refused(kind, block).is_some(), "{kind}");
    }
}
