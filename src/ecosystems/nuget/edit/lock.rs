//! `packages.lock.json`: the entries of a package, one for each framework.

use crate::edit::json::{Node, parse, quoted};
use crate::edit::lines::line_end;
use crate::edit::splice::{Splice, splice};
use crate::edit::version::semantic;
use std::collections::HashMap;

/// No project is built for more frameworks.
const FRAMEWORKS_MAX: usize = 50;

/// What a lock says of a package.
pub(super) struct Entry<'v> {
    pub(super) framework: &'v str,
    pub(super) value: &'v Node,
}

/// The entries of a package, with the framework of each.
pub(super) fn entries<'v>(lock: &'v Node, package: &str) -> Vec<Entry<'v>> {
    let mut out = Vec::new();
    for framework in lock.get("dependencies").into_iter().flat_map(Node::members) {
        for entry in framework.value.members() {
            if entry.key.eq_ignore_ascii_case(package) {
                out.push(Entry { framework: &framework.key, value: &entry.value });
            }
        }
    }
    out
}

/// The lock with the entries of a version from an earlier one, for all its frameworks; each is required as `requested`
/// says, or as before where that is `None`.
pub(super) fn replaced(
    now: &str,
    earlier: &[&str],
    package: &str,
    version: &str,
    requested: Option<&str>,
) -> Option<String> {
    let lock = parse(now).ok()?;
    let current = entries(&lock, package);
    if current.len() > FRAMEWORKS_MAX {
        return None;
    }
    if !current.iter().all(|entry| is_wanted(&lock, entry.framework, package, version)) {
        return None;
    }
    for old in earlier {
        let Ok(before) = parse(old) else { continue };
        let mut found = entries(&before, package);
        found.truncate(FRAMEWORKS_MAX);
        let splices = current.iter().map(|entry| {
            let same = |other: &&Entry<'_>| {
                other.framework == entry.framework && other.value.text_of("resolved") == Some(version)
            };
            let other = found.iter().find(same)?;
            is_met(&lock, entry.framework, other.value).then(|| one(now, entry.value, old, other.value, requested))?
        });
        if let Some(splices) = splices.collect::<Option<Vec<_>>>()
            && !splices.is_empty()
        {
            return Some(splice(now, splices));
        }
    }
    None
}

/// The old entry in place of the new one, of the type that it has now.
fn one(now: &str, entry: &Node, old: &str, other: &Node, requested: Option<&str>) -> Option<Splice> {
    let text = old.get(other.range.clone())?;
    let mut inner = Vec::new();
    let at = |value: &Node| value.range.start - other.range.start..value.range.end - other.range.start;
    let kind = entry.get("type")?;
    inner.push((at(other.get("type")?), now.get(kind.range.clone())?.to_owned()));
    match (requested, other.get("requested")) {
        (Some(requested), Some(value)) => inner.push((at(value), quoted(requested))),
        (Some(_), None) if entry.text_of("type") != Some("Transitive") => return None,
        _ => {}
    }
    let text = splice(text, inner).replace("\r\n", "\n").replace('\n', line_end(now));
    Some((entry.range.clone(), text))
}

/// The lowest version that a requirement admits.
fn least(needed: &Node) -> &str {
    let said = needed.text().unwrap_or_default();
    said.trim_start_matches(['[', '(']).split([',', ']', ')']).next().unwrap_or_default().trim()
}

/// Whether no other package needs a higher version.
fn is_wanted(lock: &Node, framework: &str, package: &str, version: &str) -> bool {
    let packages = lock.get("dependencies").and_then(|all| all.get(framework));
    let all = packages.into_iter().flat_map(Node::members);
    let needed = all.filter_map(|item| item.value.get("dependencies")).flat_map(Node::members);
    needed
        .filter(|item| item.key.eq_ignore_ascii_case(package))
        .all(|item| semantic(version, least(&item.value)).is_ge())
}

/// Whether the lock has every package that the entry needs, at least at that version.
fn is_met(lock: &Node, framework: &str, entry: &Node) -> bool {
    let Some(packages) = lock.get("dependencies").and_then(|all| all.get(framework)) else { return false };
    let mut have = HashMap::new();
    for item in packages.members() {
        have.insert(item.key.to_ascii_lowercase(), item.value.text_of("resolved").unwrap_or_default());
    }
    entry.get("dependencies").into_iter().flat_map(Node::members).all(|needed| {
        have.get(&needed.key.to_ascii_lowercase())
            .is_some_and(|version| semantic(version, least(&needed.value)).is_ge())
    })
}

/// How a lock writes what a project requests.
pub(super) fn requested(said: &str) -> Option<String> {
    let said = said.trim();
    if let Some(exact) = said.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return (!exact.contains(',')).then(|| format!("[{0}, {0}]", exact.trim()));
    }
    let plain = said.chars().all(|c| c.is_ascii_alphanumeric() || ".-+".contains(c));
    (plain && !said.is_empty()).then(|| format!("[{said}, )"))
}
