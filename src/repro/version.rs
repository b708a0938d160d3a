//! Which version of a language the repository or the job asks for.

use super::manifest::Repository;
use super::quote::shown;

/// A version and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub value: String,
    /// Ends a sentence that began with "because".
    pub because: String,
}

impl Found {
    /// Takes a version from outside and who says so; `None` where it is not written plainly.
    pub(super) fn new(value: &str, who: &str) -> Option<Self> {
        let value = value.trim();
        plain(value).then(|| Self { value: value.to_owned(), because: format!("{} says so", shown(who)) })
    }

    /// The first numbers of the version, at most `count`.
    pub(super) fn numbers(&self, count: usize) -> Vec<u32> {
        numbers(&self.value, count)
    }
}

/// Whether a version holds nothing but what versions hold.
pub(super) fn plain(version: &str) -> bool {
    let fits = |character: char| character.is_ascii_alphanumeric() || ".+-_".contains(character);
    !version.is_empty()
        && version.len() <= 40
        && version.starts_with(|character: char| character.is_ascii_alphanumeric())
        && version.chars().all(fits)
}

/// The numbers at the beginning of a version, at most `count`; a version that begins otherwise has none.
pub(super) fn numbers(version: &str, count: usize) -> Vec<u32> {
    let mut numbers = Vec::new();
    for part in version.split('.').take(count) {
        let end = part.find(|character: char| !character.is_ascii_digit()).unwrap_or(part.len());
        // No part of a real version is larger than this type, and sums of them cannot overflow.
        match part.get(..end).and_then(|digits| digits.parse::<u16>().ok()) {
            Some(number) => numbers.push(u32::from(number)),
            None => break,
        }
        if end < part.len() {
            break;
        }
    }
    numbers
}

/// Joins numbers with dots.
pub(super) fn dotted(numbers: &[u32]) -> String {
    numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}

/// The first version in a range such as `^20.9.0 || >=22`.
pub(super) fn first_in_range(range: &str) -> Option<&str> {
    let start = range.find(|character: char| character.is_ascii_digit())?;
    let rest = range.get(start..)?;
    let end = rest.find(|character: char| !(character.is_ascii_digit() || character == '.')).unwrap_or(rest.len());
    rest.get(..end).map(|version| version.trim_end_matches('.'))
}

/// The version that the job's matrix names under one of the keys.
pub(super) fn from_matrix(matrix: &[(String, String)], keys: &[&str]) -> Option<Found> {
    keys.iter().find_map(|wanted| {
        let (key, value) = matrix.iter().find(|(key, _)| key.to_ascii_lowercase().replace('_', "-") == *wanted)?;
        Found::new(value.trim().trim_matches(['"', '\'']), &format!("the job's matrix ({key})"))
    })
}

/// The version in a file that holds nothing else, such as `.python-version`.
pub(super) fn from_file(repository: &Repository, directory: &str, name: &str) -> Option<Found> {
    let (path, text) = repository.text_upwards(directory, name)?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
    Found::new(line.strip_prefix('v').unwrap_or(line), &path)
}

/// The version that `.tool-versions` (asdf, mise) names for a tool.
pub(super) fn from_tool_versions(repository: &Repository, directory: &str, tools: &[&str]) -> Option<Found> {
    let (path, text) = repository.text_upwards(directory, ".tool-versions")?;
    text.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        let tool = words.next()?;
        tools.contains(&tool).then(|| words.next().and_then(|version| Found::new(version, &path)))?
    })
}
