//! `Gemfile.lock`: the entries of gems, what the Gemfile requires, and checksums.

use crate::edit::lines::{Lines, line_end, whole_line};
use crate::edit::splice::{Splice, splice};
use crate::edit::version::gem::compare;
use std::collections::HashMap;
use std::ops::Range;

/// An entry below `specs:`, with the lines of its dependencies.
#[derive(Clone, Debug)]
pub(super) struct Spec<'t> {
    pub(super) range: Range<usize>,
    pub(super) text: &'t str,
    /// Without the platform.
    pub(super) version: &'t str,
    pub(super) platform: &'t str,
    /// It is below `GEM`, not `GIT`, `PATH` or `PLUGIN SOURCE`.
    pub(super) from_index: bool,
}

/// The name and what stands in brackets behind it.
fn named(line: &str) -> (&str, &str) {
    let (name, rest) = line.trim().split_once(" (").unwrap_or((line.trim(), ""));
    (name.trim_end_matches('!'), rest.split(')').next().unwrap_or_default())
}

fn split_platform(version: &str) -> (&str, &str) {
    version.split_once('-').unwrap_or((version, ""))
}

/// All entries of a lock with their names.
pub(super) fn specs(text: &str) -> Vec<(&str, Spec<'_>)> {
    let mut out: Vec<(&str, Spec<'_>)> = Vec::new();
    let (mut section, mut listed) = ("", false);
    for (range, line) in Lines::new(text).all() {
        let indent = line.len() - line.trim_start().len();
        match indent {
            0 => (section, listed) = (line.trim_start_matches('\u{feff}'), false),
            2 => listed = line.trim() == "specs:",
            4 if listed => {
                let (name, version) = named(line);
                let (version, platform) = split_platform(version);
                out.push((name, Spec { range, text: "", version, platform, from_index: section == "GEM" }));
            }
            6 if listed => {
                if let Some((_, spec)) = out.last_mut() {
                    spec.range.end = range.end;
                }
            }
            _ => {}
        }
    }
    for (_, spec) in &mut out {
        spec.text = text.get(spec.range.clone()).unwrap_or_default();
    }
    out
}

/// The entries of one gem, one for each platform.
pub(super) fn of<'t>(text: &'t str, gem: &str) -> Vec<Spec<'t>> {
    specs(text).into_iter().filter(|(name, _)| *name == gem).map(|(_, spec)| spec).collect()
}

/// Whether a version meets `>= 1, < 2`.
pub(super) fn admits(requirement: &str, version: &str) -> bool {
    requirement.split(',').map(str::trim).filter(|clause| !clause.is_empty()).all(|clause| {
        let (operator, wanted) = clause.split_once(' ').unwrap_or(("=", clause));
        let order = compare(version, wanted.trim());
        match operator {
            "=" => order.is_eq(),
            "!=" => order.is_ne(),
            ">=" => order.is_ge(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            "<" => order.is_lt(),
            "~>" => order.is_ge() && compare(version, &bump(wanted.trim())).is_lt(),
            _ => false,
        }
    })
}

/// The first version that `~>` no longer admits.
fn bump(version: &str) -> String {
    let mut parts = version.split('.').take_while(|part| part.bytes().all(|b| b.is_ascii_digit())).collect::<Vec<_>>();
    if parts.len() > 1 {
        parts.pop();
    }
    let last = parts.pop().and_then(|part| part.parse::<u64>().ok()).unwrap_or_default();
    let mut out = parts.join(".");
    if !out.is_empty() {
        out.push('.');
    }
    format!("{out}{}", last.saturating_add(1))
}

/// The lock with the entries of a version from an earlier one, for the same platforms, whose dependencies are met.
pub(super) fn replaced(now: &str, earlier: &[&str], gem: &str, version: &str) -> Option<String> {
    let current = of(now, gem);
    if !is_wanted(now, gem, version) {
        return None;
    }
    let have = specs(now).into_iter().map(|(name, spec)| (name, spec.version)).collect::<HashMap<_, _>>();
    for lock in earlier {
        let found =
            of(lock, gem).into_iter().filter(|spec| spec.version == version && spec.from_index).collect::<Vec<_>>();
        let fits = found.len() == current.len()
            && !found.is_empty()
            && found.iter().zip(&current).all(|(old, new)| old.platform == new.platform && is_met(old.text, &have));
        if !fits {
            continue;
        }
        let end = line_end(now);
        let mut splices: Vec<Splice> = Vec::new();
        for (new, old) in current.iter().zip(&found) {
            splices.push((new.range.clone(), old.text.replace("\r\n", "\n").replace('\n', end)));
        }
        splices.extend(checksums(now, lock, gem, version));
        return Some(splice(now, splices));
    }
    None
}

/// Whether every other gem that depends on it admits the version.
fn is_wanted(now: &str, gem: &str, version: &str) -> bool {
    let needed = specs(now).into_iter().flat_map(|(_, spec)| spec.text.lines().skip(1));
    needed.map(named).all(|(name, requirement)| name != gem || admits(requirement, version))
}

fn is_met(spec: &str, have: &HashMap<&str, &str>) -> bool {
    spec.lines().skip(1).all(|line| {
        let (name, requirement) = named(line);
        // Bundler itself stands in no lock.
        name == "bundler" || have.get(name).is_some_and(|version| admits(requirement, version))
    })
}

fn section_lines<'t>(text: &'t str, section: &str) -> Vec<(Range<usize>, &'t str)> {
    let mut inside = false;
    let mut out = Vec::new();
    for (range, line) in Lines::new(text).all() {
        if !line.starts_with(' ') {
            inside = line == section;
        } else if inside {
            out.push((range, line));
        }
    }
    out
}

/// The checksum lines of a gem with those of the wanted version; an unknown checksum is left out, as Bundler allows.
fn checksums(now: &str, earlier: &str, gem: &str, version: &str) -> Vec<Splice> {
    let known = section_lines(earlier, "CHECKSUMS");
    let mut out = Vec::new();
    for (range, line) in section_lines(now, "CHECKSUMS") {
        let (name, full) = named(line);
        if name != gem {
            continue;
        }
        let platform = split_platform(full).1;
        let full = if platform.is_empty() { version.to_owned() } else { format!("{version}-{platform}") };
        let said = known.iter().find(|(_, line)| named(line) == (gem, full.as_str()));
        out.push((range, said.map_or_else(|| format!("  {gem} ({full})"), |(_, line)| (*line).to_owned())));
    }
    out
}

/// The lock with what the Gemfile requires of a gem: `= 1.2`, nothing, or no such line at all.
pub(super) fn required(text: &str, gem: &str, requirement: Option<&str>) -> Option<String> {
    let lines = section_lines(text, "DEPENDENCIES");
    let own = lines.iter().find(|(_, line)| named(line).0 == gem);
    let written = requirement.map(|said| {
        let source = own.is_some_and(|(_, line)| line.trim_end().ends_with('!'));
        let brackets = if said.is_empty() { String::new() } else { format!(" ({said})") };
        format!("  {gem}{brackets}{}", if source { "!" } else { "" })
    });
    match (own, written) {
        (Some((range, _)), Some(line)) => Some(splice(text, vec![(range.clone(), line)])),
        (Some((range, _)), None) => Some(splice(text, vec![(whole_line(text, range.clone()), String::new())])),
        (None, Some(line)) => {
            let next = lines.iter().find(|(_, other)| named(other).0 > gem);
            let at = match next {
                Some((range, _)) => range.start,
                None => whole_line(text, lines.last()?.0.clone()).end,
            };
            Some(splice(text, vec![(at..at, format!("{line}{}", line_end(text)))]))
        }
        (None, None) => Some(text.to_owned()),
    }
}

/// Requirements as Bundler writes them into its lock.
pub(super) fn canonical(requirements: &[String]) -> String {
    let mut clauses = Vec::new();
    for clause in requirements.iter().flat_map(|said| said.split(',')) {
        let clause = clause.trim();
        let at = clause.find(|c: char| !"<>=!~ ".contains(c)).unwrap_or(clause.len());
        let operator = clause[..at].trim();
        clauses.push(format!("{} {}", if operator.is_empty() { "=" } else { operator }, &clause[at..]));
    }
    clauses.retain(|clause| clause != ">= 0");
    clauses.sort();
    clauses.reverse();
    clauses.join(", ")
}
