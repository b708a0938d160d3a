//! What an agent may not change, by the bot's own look at each touched file before and after: `rules/guard.toml`.
//!
//! Lines are compared as a bag, so that a line which only moves is neither new nor gone; one that says something of the
//! line after it is taken together with that.

mod tests_of;

use crate::domain::agent::Touched;
use crate::domain::subscription::glob;
use crate::domain::text::clean_line;
use regex::Regex;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Guard {
    lines_max: usize,
    files_max: usize,
    bytes_max: usize,
    test_paths: Vec<String>,
    forbidden: Vec<Forbidden>,
    fixed: Vec<Fixed>,
    lock: Vec<Lock>,
    declaration: Vec<Pattern>,
    assertion: Vec<Pattern>,
    kept: Vec<Pattern>,
    added: Vec<Pattern>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Forbidden {
    paths: Vec<String>,
    why: String,
}

/// Keys of a manifest that stay as they are.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixed {
    file: String,
    keys: Vec<String>,
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
    files: Vec<String>,
    #[serde(with = "pattern")]
    pattern: Regex,
    #[serde(default)]
    why: String,
    /// In files of tests alone.
    #[serde(default)]
    tests: bool,
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
    let seen: Vec<Seen> = touched.iter().map(Seen::of).collect();
    let mut why = size(&seen);
    if secrets > 0 {
        why.push("it adds what looks like a secret".to_owned());
    }
    for file in &seen {
        why.extend(
            kind(file).into_iter().chain(place(file)).chain(manifest(file)).chain(lines(file)).chain(kept(file)),
        );
    }
    why.extend(locks(&seen));
    why.extend(tests_of::fewer(&seen));
    why.truncate(WHY_MAX);
    why
}

/// A touched file with what is compared of it.
struct Seen<'a> {
    touched: &'a Touched,
    /// The path in lower case.
    path: String,
    /// Lines that are new, each with the one after it.
    added: Vec<(&'a str, &'a str)>,
}

impl<'a> Seen<'a> {
    fn of(touched: &'a Touched) -> Self {
        let mut had: HashMap<String, usize> = HashMap::new();
        for (line, next) in pairs(touched.old.as_deref()) {
            *had.entry(key(line, next)).or_default() += 1;
        }
        let is_new = |(line, next): &(&str, &str)| match had.get_mut(&key(line, next)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        };
        let added = pairs(touched.new.as_deref()).filter(is_new).collect();
        Self { touched, path: touched.path.to_lowercase(), added }
    }

    fn is_in(&self, globs: &[String]) -> bool {
        globs.iter().any(|want| glob(want, &self.path))
    }

    fn is_of_tests(&self) -> bool {
        self.is_in(&GUARD.test_paths) || tests_of::declares(self)
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

/// Lines, each with the next that is not blank.
fn pairs(text: Option<&str>) -> impl Iterator<Item = (&str, &str)> {
    let lines: Vec<&str> = text.unwrap_or_default().lines().filter(|line| !line.trim().is_empty()).collect();
    let next: Vec<&str> = lines.iter().skip(1).copied().chain([""]).collect();
    lines.into_iter().zip(next)
}

/// What is the same for a line that only moved. An attribute or a comment is about what follows it.
fn key(line: &str, next: &str) -> String {
    let line = line.trim();
    let is_about_the_next = ["#[", "#![", "@", "[", "//", "/*", "#", "--"].iter().any(|start| line.starts_with(start));
    if is_about_the_next { format!("{line}\n{}", tests_of::name(next).unwrap_or(next.trim())) } else { line.to_owned() }
}

fn size(seen: &[Seen<'_>]) -> Vec<String> {
    let lines: usize = seen.iter().map(|file| file.touched.lines).sum();
    let bytes: usize = seen.iter().flat_map(|file| &file.added).map(|(line, _)| line.len()).sum();
    let mut why = Vec::new();
    if seen.len() > GUARD.files_max {
        why.push(format!("it changes {} files; at most {} are allowed", seen.len(), GUARD.files_max));
    }
    if lines > GUARD.lines_max {
        why.push(format!("it changes {lines} lines; at most {} are allowed", GUARD.lines_max));
    }
    if bytes > GUARD.bytes_max {
        why.push(format!("its new lines hold {bytes} bytes; at most {} are allowed", GUARD.bytes_max));
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
        "a submodule"
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
        return Some(format!("{} is not a valid file name here", file.shown()));
    }
    let found = GUARD.forbidden.iter().find(|rule| file.is_in(&rule.paths));
    let why = found.map(|rule| format!("{}: {}", file.shown(), rule.why));
    let removed = || file.is_gone() && file.is_in(&GUARD.test_paths);
    why.or_else(|| removed().then(|| format!("{}: it removes a file of tests", file.shown())))
}

/// Parts of a manifest that say what is checked.
fn manifest(file: &Seen<'_>) -> Option<String> {
    let rule = GUARD.fixed.iter().find(|rule| rule.file == file.file_name())?;
    let read = |text: &Option<String>| -> Option<serde_json::Value> {
        let text = text.as_deref().unwrap_or_default();
        match rule.file.rsplit('.').next() {
            _ if text.trim().is_empty() => Some(serde_json::json!({})),
            Some("json") => serde_json::from_str(text).ok(),
            _ => toml::from_str::<toml::Value>(text).ok().and_then(|value| serde_json::to_value(value).ok()),
        }
    };
    let (Some(old), Some(new)) = (read(&file.touched.old), read(&file.touched.new)) else {
        return Some(format!("{} cannot be parsed", file.shown()));
    };
    let changed = rule.keys.iter().find(|key| at(&old, key) != at(&new, key))?;
    Some(format!("{}: it changes {changed}, which says what is checked", file.shown()))
}

/// What stands at a dotted key; with `*` at its end, everything whose key begins so.
fn at<'v>(value: &'v serde_json::Value, key: &str) -> Vec<(&'v str, &'v serde_json::Value)> {
    let (first, rest) = key.split_once('.').map_or((key, None), |(first, rest)| (first, Some(rest)));
    let Some(table) = value.as_object() else { return Vec::new() };
    let found = table.iter().filter(|(name, _)| match first.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => *name == first,
    });
    match rest {
        Some(rest) => found.flat_map(|(_, inner)| at(inner, rest)).collect(),
        None => found.map(|(name, inner)| (name.as_str(), inner)).collect(),
    }
}

/// New lines that skip a test or silence a check. Prose is not looked at.
fn lines(file: &Seen<'_>) -> Option<String> {
    if ["*.md", "*.rst", "*.adoc"].iter().any(|want| glob(want, &file.path)) {
        return None;
    }
    let is_of_tests = file.is_of_tests();
    let rules = GUARD.added.iter().filter(|rule| file.is_in(&rule.files) && (is_of_tests || !rule.tests));
    let mut found = rules.flat_map(|rule| file.added.iter().map(move |(line, _)| (rule, line)));
    let (rule, line) = found.find(|(rule, line)| rule.pattern.is_match(line))?;
    Some(format!("{}: {} ({})", file.shown(), rule.why, clean_line(line, 80)))
}

/// Lines of which there are fewer than before.
fn kept(file: &Seen<'_>) -> Option<String> {
    let count = |text: &Option<String>, rule: &Pattern| {
        text.as_deref().unwrap_or_default().lines().filter(|line| rule.pattern.is_match(line)).count()
    };
    let (old, new) = (&file.touched.old, &file.touched.new);
    let rules = GUARD.kept.iter().filter(|rule| file.is_in(&rule.files));
    let found = rules.into_iter().find(|rule| count(new, rule) < count(old, rule))?;
    Some(format!("{}: {}", file.shown(), found.why))
}

fn locks(seen: &[Seen<'_>]) -> Vec<String> {
    let alone = |file: &&Seen<'_>| {
        let lock = GUARD.lock.iter().find(|rule| rule.lock == file.file_name());
        lock.is_some_and(|rule| !seen.iter().any(|other| rule.manifests.iter().any(|name| name == other.file_name())))
    };
    seen.iter().filter(alone).map(|file| format!("{}: it changes a lock without its manifest", file.shown())).collect()
}

#[cfg(test)]
mod tests;
