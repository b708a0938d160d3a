//! `poetry.lock`: entries, and the hash of what they were resolved from.

use std::collections::HashMap;

use toml_edit::{Document, Item, TableLike};

use super::hash::content_hash;
use crate::ecosystems::pip::edit::requirement::normal;
use crate::edit::blocks::{Block, blocks};
use crate::edit::lines::{Lines, fitted};
use crate::edit::splice::splice;
use crate::edit::version::pep440::{admits, same};

/// The only entry of a package in a lock.
pub(super) fn only<'t>(lock: &'t str, package: &str) -> Option<Block<'t>> {
    let mut found = blocks(lock).into_iter().filter(|block| normal(block.name) == package);
    found.next().filter(|_| found.next().is_none())
}

/// Whether an entry is taken from git, a path or an address.
pub(super) fn is_foreign(block: &Block<'_>) -> bool {
    let kinds = ["git", "directory", "file", "url"];
    block.text.lines().any(|line| kinds.iter().any(|kind| line == format!("type = \"{kind}\"")))
}

fn line_of<'t>(text: &'t str, key: &str) -> Option<&'t str> {
    text.lines().find(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')))
}

/// Whether the entry stands for a package that is always installed with the main group.
pub(super) fn is_main(block: &Block<'_>) -> bool {
    let groups = line_of(block.text, "groups").or_else(|| line_of(block.text, "category"));
    groups.is_none_or(|groups| groups.contains("\"main\""))
        && line_of(block.text, "markers").is_none()
        && line_of(block.text, "optional").is_none_or(|optional| optional.contains("false"))
}

/// The entry for a version from earlier locks of the same form, whose dependencies the lock of now meets. Which groups
/// want it stays as it is now.
pub(super) fn entry(earlier: &[&str], now: &str, package: &str, version: &str) -> Option<String> {
    let current = only(now, package)?;
    if !is_wanted(now, package, version) {
        return None;
    }
    for lock in earlier {
        let same_form = line_of(lock, "lock-version") == line_of(now, "lock-version");
        let Some(block) = only(lock, package).filter(|block| same_form && same(block.version, version)) else {
            continue;
        };
        let whole = block.text.contains("files = [");
        let same_use = ["optional", "markers"].iter().all(|key| line_of(block.text, key) == line_of(current.text, key));
        if whole && same_use && is_met(&block, now) {
            let mut text = block.text.to_owned();
            if let (Some(old), Some(new)) = (line_of(&text, "groups"), line_of(current.text, "groups")) {
                text = text.replacen(old, new, 1);
            }
            return Some(fitted(&text, now));
        }
    }
    None
}

/// The constraint that an entry has for another package.
fn constraint(wanted: &Item) -> Option<&str> {
    let table = wanted.as_table_like();
    wanted.as_str().or_else(|| table.and_then(|table| table.get("version")).and_then(Item::as_str))
}

/// Whether every other package that depends on it admits the version, as far as it says so in a simple form.
fn is_wanted(now: &str, package: &str, version: &str) -> bool {
    let Ok(document) = Document::parse(now) else { return false };
    let entries = document.get("package").and_then(Item::as_array_of_tables);
    entries.into_iter().flatten().all(|entry| {
        let needed = entry.get("dependencies").and_then(Item::as_table_like);
        needed
            .into_iter()
            .flat_map(TableLike::iter)
            .filter(|(name, _)| normal(name) == package)
            .all(|(_, wanted)| constraint(wanted).is_some_and(|spec| admits(spec, version) == Some(true)))
    })
}

fn is_met(block: &Block<'_>, now: &str) -> bool {
    let Ok(document) = Document::parse(block.text) else { return false };
    let entry = document.get("package").and_then(Item::as_array_of_tables).and_then(|tables| tables.get(0));
    let Some(needed) = entry.and_then(|entry| entry.get("dependencies")).and_then(Item::as_table_like) else {
        return entry.is_some();
    };
    let have = blocks(now).into_iter().map(|block| (normal(block.name), block.version)).collect::<HashMap<_, _>>();
    needed.iter().all(|(name, wanted)| {
        let table = wanted.as_table_like();
        let optional = table.and_then(|table| table.get("optional")).and_then(Item::as_bool) == Some(true);
        match (have.get(&normal(name)), constraint(wanted)) {
            (Some(version), Some(spec)) => admits(spec, version) == Some(true),
            (None, _) => optional,
            (Some(_), None) => false,
        }
    })
}

/// The lock with the hash of the new `pyproject.toml`, when that of the old one is understood; `None` otherwise.
pub(super) fn rehashed(lock: &str, old: &str, new: &str) -> Option<String> {
    let lines = Lines::new(lock);
    let (range, line) = lines.all().filter(|(_, line)| line.starts_with("content-hash = \"")).last()?;
    let hash = line.split('"').nth(1)?;
    if [true, false].iter().any(|groups| content_hash(new, *groups).as_deref() == Some(hash)) {
        return Some(lock.to_owned());
    }
    let groups = [true, false].into_iter().find(|groups| content_hash(old, *groups).as_deref() == Some(hash))?;
    let start = range.start + line.find('"')? + 1;
    Some(splice(lock, vec![(start..start + hash.len(), content_hash(new, groups)?)]))
}
