//! The order of Python versions and what their specifiers admit.

use crate::edit::version::numbers;
use std::cmp::Ordering;

/// A version by its parts, in the order in which they count.
#[derive(Clone, Debug)]
pub(crate) struct Version {
    epoch: String,
    release: Vec<String>,
    /// `a`, `b` or `rc` with its number.
    pre: Option<(&'static str, String)>,
    post: Option<String>,
    dev: Option<String>,
    local: Option<String>,
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// A word such as `rc` with its number behind it, and what follows.
fn word<'a>(text: &'a str, words: &[&str]) -> Option<(String, &'a str)> {
    let bare = text.trim_start_matches(['.', '-', '_']);
    if text.len() - bare.len() > 1 {
        return None;
    }
    let found = words.iter().find_map(|word| bare.strip_prefix(word))?;
    let apart = found.strip_prefix(['.', '-', '_']).unwrap_or(found);
    let (number, rest) = digits(apart);
    if number.is_empty() {
        return Some(("0".to_owned(), found));
    }
    Some((number.to_owned(), rest))
}

impl Version {
    /// Reads a version; `None`, when it is none by PEP 440.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let lower = text.trim().to_ascii_lowercase();
        let text = lower.strip_prefix('v').unwrap_or(&lower);
        let (text, local) = text.split_once('+').map_or((text, None), |(text, local)| (text, Some(local.to_owned())));
        let (epoch, text) = text.split_once('!').unwrap_or(("0", text));
        if epoch.is_empty() || !digits(epoch).1.is_empty() {
            return None;
        }
        let mut release = Vec::new();
        let (first, mut rest) = digits(text);
        release.push(first.to_owned());
        while let Some((number, next)) = rest.strip_prefix('.').map(digits).filter(|(number, _)| !number.is_empty()) {
            release.push(number.to_owned());
            rest = next;
        }
        let mut version = Self { epoch: epoch.to_owned(), release, pre: None, post: None, dev: None, local };
        if first.is_empty() {
            return None;
        }
        let stages = [("a", ["alpha", "a"].as_slice()), ("b", &["beta", "b"]), ("rc", &["rc", "preview", "pre", "c"])];
        if let Some((stage, (number, next))) = stages.iter().find_map(|(name, words)| Some((*name, word(rest, words)?)))
        {
            version.pre = Some((stage, number));
            rest = next;
        }
        if let Some((number, next)) = word(rest, &["post", "rev", "r"]) {
            version.post = Some(number);
            rest = next;
        } else if let Some((number, next)) = rest.strip_prefix('-').map(digits).filter(|(number, _)| !number.is_empty())
        {
            version.post = Some(number.to_owned());
            rest = next;
        }
        if let Some((number, next)) = word(rest, &["dev"]) {
            version.dev = Some(number);
            rest = next;
        }
        rest.is_empty().then_some(version)
    }

    /// The order of the public parts and, where both have one, of the local part.
    pub(crate) fn compare(&self, other: &Self) -> Ordering {
        self.public(other).then_with(|| self.local.cmp(&other.local))
    }

    fn public(&self, other: &Self) -> Ordering {
        numbers(&self.epoch, &other.epoch)
            .then_with(|| self.compare_release(other))
            .then_with(|| self.stage().cmp(other.stage()))
            .then_with(|| match (&self.pre, &other.pre) {
                (Some((_, one)), Some((_, two))) => numbers(one, two),
                _ => Ordering::Equal,
            })
            .then_with(|| self.post.is_some().cmp(&other.post.is_some()))
            .then_with(|| numbers(self.post.as_deref().unwrap_or("0"), other.post.as_deref().unwrap_or("0")))
            .then_with(|| self.dev.is_none().cmp(&other.dev.is_none()))
            .then_with(|| numbers(self.dev.as_deref().unwrap_or("0"), other.dev.as_deref().unwrap_or("0")))
    }

    /// A development release of nothing else comes before every other stage.
    fn stage(&self) -> &'static str {
        match &self.pre {
            Some((stage, _)) => stage,
            None if self.post.is_none() && self.dev.is_some() => "0",
            None => "z",
        }
    }

    fn compare_release(&self, other: &Self) -> Ordering {
        for index in 0..self.release.len().max(other.release.len()) {
            let part = |version: &Self| version.release.get(index).cloned().unwrap_or_else(|| "0".to_owned());
            let order = numbers(&part(self), &part(other));
            if order.is_ne() {
                return order;
            }
        }
        Ordering::Equal
    }

    /// Whether the release begins with that of `prefix`.
    fn begins_with(&self, prefix: &Self, length: usize) -> bool {
        numbers(&self.epoch, &prefix.epoch).is_eq()
            && (0..length).all(|index| {
                let part = |version: &Self| version.release.get(index).cloned().unwrap_or_else(|| "0".to_owned());
                numbers(&part(self), &part(prefix)).is_eq()
            })
    }
}

/// Whether two texts are the same version.
pub(crate) fn same(a: &str, b: &str) -> bool {
    match (Version::read(a), Version::read(b)) {
        (Some(a), Some(b)) => a.compare(&b).is_eq(),
        _ => a == b,
    }
}

/// The specifier without its brackets and blanks.
fn bare(spec: &str) -> String {
    let spec = spec.trim();
    let spec = spec.strip_prefix('(').and_then(|spec| spec.strip_suffix(')')).unwrap_or(spec);
    spec.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Whether a specifier admits exactly this version.
pub(crate) fn is_exactly(spec: &str, version: &str) -> bool {
    let bare = bare(spec);
    let exact = bare.strip_prefix("===").or_else(|| bare.strip_prefix("=="));
    exact.is_some_and(|exact| !exact.contains([',', '*']) && same(exact, version))
}

/// Whether a specifier admits this version. `None`, when it is not understood.
pub(crate) fn admits(spec: &str, version: &str) -> Option<bool> {
    let version = Version::read(version)?;
    let bare = bare(spec);
    let mut all = true;
    for clause in bare.split(',').filter(|clause| !clause.is_empty() && *clause != "*") {
        all &= clause_admits(clause, &version)?;
    }
    Some(all)
}

fn clause_admits(clause: &str, version: &Version) -> Option<bool> {
    let (operator, text) = clause.split_at(clause.find(|c: char| !"<>=!~^".contains(c))?);
    if let Some(prefix) = text.strip_suffix(".*") {
        let prefix = Version::read(prefix)?;
        let begins = version.begins_with(&prefix, prefix.release.len());
        return match operator {
            "==" | "" => Some(begins),
            "!=" => Some(!begins),
            _ => None,
        };
    }
    let wanted = Version::read(text)?;
    let order = if wanted.local.is_some() { version.compare(&wanted) } else { version.public(&wanted) };
    match operator {
        "==" | "===" | "" | "=" => Some(order.is_eq()),
        "!=" => Some(order.is_ne()),
        ">=" => Some(order.is_ge()),
        "<=" => Some(order.is_le()),
        ">" => Some(order.is_gt()),
        "<" => Some(order.is_lt() && !(version.pre.is_some() && version.compare_release(&wanted).is_eq())),
        "~=" => Some(order.is_ge() && version.begins_with(&wanted, wanted.release.len().checked_sub(1)?)),
        "~" => Some(order.is_ge() && version.begins_with(&wanted, wanted.release.len().min(2))),
        "^" => {
            let zeros = wanted.release.iter().take_while(|part| part.trim_start_matches('0').is_empty()).count();
            Some(order.is_ge() && version.begins_with(&wanted, (zeros + 1).min(wanted.release.len())))
        }
        _ => None,
    }
}

/// A specifier as uv writes it into its lock: without blanks, the clauses by version.
pub(crate) fn canonical(spec: &str) -> Option<String> {
    let bare = bare(spec);
    let mut clauses = Vec::new();
    for clause in bare.split(',').filter(|clause| !clause.is_empty()) {
        let at = clause.find(|c: char| !"<>=!~".contains(c))?;
        let version = Version::read(clause[at..].strip_suffix(".*").unwrap_or(&clause[at..]))?;
        clauses.push((version, clause));
    }
    clauses.sort_by(|a, b| a.0.compare(&b.0));
    Some(clauses.iter().map(|(_, clause)| *clause).collect::<Vec<_>>().join(","))
}
