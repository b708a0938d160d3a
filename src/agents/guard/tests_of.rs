//! Tests in files, by their declarations: whether each that was there still is, with its assertions.

use super::{GUARD, Pattern, Seen};
use crate::domain::text::{clean_line, listing};
use regex::Regex;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// What a declaration, or the line after an attribute, names.
static NAME: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = [
        r"\b(?:fn|def|func|fun|void|function|class|mod|Task)\s+(?:\([^)]*\)\s*)?`?([\w ]+?)`?\s*[\[(<:{;]",
        r#"["'`]([^"'`]+)["'`]"#,
        r"\b[A-Z_]*(?:TEST|SCENARIO)\w*\s*\(\s*(\w+(?:\s*,\s*\w+)?)",
        r"^\s*(?:Scenario(?: Outline)?|Example)\s*:\s*(.+)$",
    ];
    Regex::new(&kinds.join("|")).expect("a valid pattern")
});

/// Attributes that may stand between a declaration and its name.
const ATTRIBUTES_MAX: usize = 6;

pub(super) fn name(line: &str) -> Option<&str> {
    let found = NAME.captures(line)?;
    (1..found.len()).find_map(|n| found.get(n)).map(|name| name.as_str().trim())
}

fn declarations<'g>(file: &Seen<'_>) -> Vec<&'g Pattern> {
    GUARD.declaration.iter().filter(|rule| file.is_in(&rule.files)).collect()
}

/// Whether it had tests, or has some now.
pub(super) fn declares(file: &Seen<'_>) -> bool {
    let rules = declarations(file);
    let has = |text: &Option<String>| text.as_deref().is_some_and(|text| first(text, &rules).is_some());
    has(&file.touched.old) || has(&file.touched.new)
}

fn is_one(line: &str, rules: &[&Pattern]) -> bool {
    !is_comment(line) && rules.iter().any(|rule| rule.pattern.is_match(line))
}

/// The number of the first line that declares a test.
fn first(text: &str, rules: &[&Pattern]) -> Option<usize> {
    if rules.is_empty() {
        return None;
    }
    text.lines().position(|line| is_one(line, rules))
}

/// The names of the tests that a text declares; one without a name goes by its line.
fn names<'t>(text: &'t str, rules: &[&Pattern]) -> Vec<&'t str> {
    let lines: Vec<&str> = text.lines().collect();
    let mut all = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| is_one(line, rules)) {
        let is_attribute = line.trim_start().starts_with(['#', '@', '[', '<']);
        let own = name(line).filter(|_| !is_attribute);
        let after = || lines[at + 1..].iter().take(ATTRIBUTES_MAX).find_map(|line| name(line));
        all.push(own.or_else(after).unwrap_or(line.trim()));
    }
    all
}

/// Tests that are gone or have another name, and assertions of which there are fewer, of all files together.
pub(super) fn fewer(seen: &[Seen<'_>]) -> Vec<String> {
    let mut tests: BTreeMap<&str, i64> = BTreeMap::new();
    let (mut before, mut after) = (0, 0);
    for file in seen {
        let rules = declarations(file);
        let text = |text: &'_ Option<String>| -> String { text.clone().unwrap_or_default() };
        for name in names(file.touched.old.as_deref().unwrap_or_default(), &rules) {
            *tests.entry(name).or_default() -= 1;
        }
        for name in names(file.touched.new.as_deref().unwrap_or_default(), &rules) {
            *tests.entry(name).or_default() += 1;
        }
        before += assertions(file, &text(&file.touched.old), &rules);
        after += assertions(file, &text(&file.touched.new), &rules);
    }
    let gone: Vec<String> =
        tests.into_iter().filter(|(_, count)| *count < 0).map(|(name, _)| clean_line(name, 80)).collect();
    if !gone.is_empty() {
        return vec![format!("it removes or renames tests: {}", listing(&gone, 3))];
    }
    if after < before {
        return vec![format!("it removes assertions from tests: {before} before, {after} after")];
    }
    Vec::new()
}

/// Assertions among the tests: in files of tests everywhere, elsewhere from the first declaration on.
fn assertions(file: &Seen<'_>, text: &str, rules: &[&Pattern]) -> usize {
    let from = if file.is_in(&GUARD.test_paths) { Some(0) } else { first(text, rules) };
    let Some(from) = from else { return 0 };
    let patterns: Vec<&Pattern> = GUARD.assertion.iter().filter(|rule| file.is_in(&rule.files)).collect();
    text.lines().skip(from).filter(|line| is_one(line, &patterns)).count()
}

/// A test that is commented out is gone.
fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    let starts = |marks: &[&str]| marks.iter().any(|mark| line.starts_with(mark));
    starts(&["//", "/*", "* ", "--", ";"])
        || (line.starts_with('#') && !line.trim_start_matches(['#', ' ']).starts_with('['))
}
