//! What an agent may not change, by the bot's own look at each touched file before and after: `rules/guard.toml`.
//!
//! Lines are compared as a bag, so that a line which only moves is neither new nor gone.

use crate::domain::agent::Touched;
use crate::domain::subscription::glob;
use crate::domain::text::{clean_line, listing};
use regex::Regex;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guard {
    lines_max: usize,
    files_max: usize,
    test_paths: Vec<String>,
    forbidden: Vec<Forbidden>,
    lock: Vec<Lock>,
    declaration: Vec<Pattern>,
    assertion: Vec<Pattern>,
    added: Vec<Pattern>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forbidden {
    paths: Vec<String>,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lock {
    lock: String,
    manifests: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Pattern {
    #[serde(default)]
    files: Vec<String>,
    #[serde(with = "pattern")]
    pattern: Regex,
    #[serde(default)]
    why: String,
}

mod pattern {
    use regex::Regex;
    use serde::{Deserialize, Deserializer, de::Error};

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Regex, D::Error> {
        Regex::new(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

static GUARD: LazyLock<Guard> =
    LazyLock::new(|| toml::from_str(include_str!("../../rules/guard.toml")).expect("the shipped guard is valid"));

/// The most lines and files that a change may touch.
#[must_use]
pub fn limits() -> (usize, usize) {
    (GUARD.lines_max, GUARD.files_max)
}

/// Reasons that are told of one change.
const WHY_MAX: usize = 8;

/// Every reason why this change is refused, as far as they are few; none where it may be pushed. `secrets`: how many were
/// found in what it adds.
#[must_use]
pub fn refuses(touched: &[Touched], secrets: u64) -> Vec<String> {
    let mut why = size(touched);
    if secrets > 0 {
        why.push("it adds what looks like a secret".to_owned());
    }
    let seen: Vec<Seen> = touched.iter().map(Seen::of).collect();
    for file in &seen {
        why.extend(kind(file).into_iter().chain(place(file)).chain(lines(file)));
    }
    why.extend(locks(&seen));
    why.extend(fewer(&seen));
    why.truncate(WHY_MAX);
    why
}

/// A touched file with what is compared of it.
struct Seen<'a> {
    touched: &'a Touched,
    /// The path in lower case.
    path: String,
    /// Lines that are new, and how many of each.
    added: Vec<&'a str>,
}

impl<'a> Seen<'a> {
    fn of(touched: &'a Touched) -> Self {
        let (old, new) = (touched.old.as_deref().unwrap_or_default(), touched.new.as_deref().unwrap_or_default());
        let mut had: HashMap<&str, usize> = HashMap::new();
        for line in old.lines() {
            *had.entry(line.trim()).or_default() += 1;
        }
        let is_new = |line: &&str| match had.get_mut(line.trim()) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        };
        let added = new.lines().filter(is_new).collect();
        Self { touched, path: touched.path.to_lowercase(), added }
    }

    fn is_in(&self, globs: &[String]) -> bool {
        globs.iter().any(|want| glob(want, &self.path))
    }

    fn shown(&self) -> String {
        clean_line(&self.touched.path, 100)
    }

    fn file_name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    fn is_gone(&self) -> bool {
        self.touched.new_mode.is_empty()
    }
}

fn size(touched: &[Touched]) -> Vec<String> {
    let lines: usize = touched.iter().map(|file| file.lines).sum();
    let mut why = Vec::new();
    if touched.len() > GUARD.files_max {
        why.push(format!("it changes {} files; at most {} are allowed", touched.len(), GUARD.files_max));
    }
    if lines > GUARD.lines_max {
        why.push(format!("it changes {lines} lines; at most {} are allowed", GUARD.lines_max));
    }
    why
}

/// Only plain text files are changed.
fn kind(file: &Seen<'_>) -> Option<String> {
    let touched = file.touched;
    let is = |mode: &str| touched.old_mode == mode || touched.new_mode == mode;
    let is_binary = |mode: &str, text: &Option<String>| !mode.is_empty() && text.is_none();
    let what = if is("120000") {
        "a symbolic link"
    } else if is("160000") {
        "a submodule or a nested repository"
    } else if is_binary(&touched.old_mode, &touched.old) || is_binary(&touched.new_mode, &touched.new) {
        "a binary or very large file"
    } else {
        return None;
    };
    Some(format!("{} is {what}", file.shown()))
}

fn place(file: &Seen<'_>) -> Option<String> {
    let odd = file.touched.path.chars().any(char::is_control) || file.touched.path.contains('\u{fffd}');
    if odd {
        return Some(format!("{} is no usable file name", file.shown()));
    }
    let found = GUARD.forbidden.iter().find(|rule| file.is_in(&rule.paths));
    let why = found.map(|rule| format!("{}: {}", file.shown(), rule.why));
    let removed = || file.is_gone() && file.is_in(&GUARD.test_paths);
    why.or_else(|| removed().then(|| format!("{}: it removes a file of tests", file.shown())))
}

/// New lines that skip a test or silence a check. Prose is not looked at.
fn lines(file: &Seen<'_>) -> Option<String> {
    if file.is_in(&["*.md".into(), "*.rst".into(), "*.adoc".into(), "*changelog*".into()]) {
        return None;
    }
    let rules = GUARD.added.iter().filter(|rule| file.is_in(&rule.files));
    let mut found = rules.flat_map(|rule| file.added.iter().map(move |line| (rule, line)));
    let (rule, line) = found.find(|(rule, line)| rule.pattern.is_match(line))?;
    Some(format!("{}: {} ({})", file.shown(), rule.why, clean_line(line, 80)))
}

fn locks(seen: &[Seen<'_>]) -> Vec<String> {
    let alone = |file: &&Seen<'_>| {
        let lock = GUARD.lock.iter().find(|rule| rule.lock == file.file_name());
        lock.is_some_and(|rule| !seen.iter().any(|other| rule.manifests.iter().any(|name| name == other.file_name())))
    };
    seen.iter().filter(alone).map(|file| format!("{}: it changes a lock without its manifest", file.shown())).collect()
}

/// Fewer tests, or fewer assertions in files of tests, than before.
fn fewer(seen: &[Seen<'_>]) -> Vec<String> {
    let count = |text: &Option<String>, patterns: &[&Pattern]| {
        let lines = text.as_deref().unwrap_or_default().lines();
        lines.filter(|line| !is_comment(line) && patterns.iter().any(|rule| rule.pattern.is_match(line))).count()
    };
    let (mut tests, mut asserts, mut named) = ((0, 0), (0, 0), Vec::new());
    for file in seen {
        let declared: Vec<&Pattern> = GUARD.declaration.iter().filter(|rule| file.is_in(&rule.files)).collect();
        let (old, new) = (&file.touched.old, &file.touched.new);
        let (before, after) = (count(old, &declared), count(new, &declared));
        tests = (tests.0 + before, tests.1 + after);
        if before > after {
            named.push(file.shown());
        }
        if before + after > 0 || file.is_in(&GUARD.test_paths) {
            let all: Vec<&Pattern> = GUARD.assertion.iter().collect();
            asserts = (asserts.0 + count(old, &all), asserts.1 + count(new, &all));
        }
    }
    let mut why = Vec::new();
    if tests.1 < tests.0 {
        why.push(format!("it removes tests: {} before, {} after ({})", tests.0, tests.1, listing(&named, 3)));
    } else if asserts.1 < asserts.0 {
        why.push(format!("it removes assertions from tests: {} before, {} after", asserts.0, asserts.1));
    }
    why
}

/// A test that is commented out is gone.
fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    let starts = |marks: &[&str]| marks.iter().any(|mark| line.starts_with(mark));
    starts(&["//", "/*", "* ", "--", ";"]) || (line.starts_with('#') && !line.starts_with("#["))
}

#[cfg(test)]
mod tests;
