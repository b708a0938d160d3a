//! `Cargo.lock`, read by lines: Cargo itself writes it, always in the same layout.

use crate::edit::version::not_plain;
use std::collections::HashMap;
use std::ops::Range;

/// A lock and its packages, in the order of the file.
#[derive(Debug)]
pub struct Lock<'a> {
    pub text: &'a str,
    pub packages: Vec<Locked<'a>>,
    by_name: HashMap<&'a str, Vec<usize>>,
}

/// One `[[package]]`.
#[derive(Debug, Default)]
pub struct Locked<'a> {
    /// From `[[package]]` to the last character of its last line.
    pub range: Range<usize>,
    pub name: &'a str,
    pub version: &'a str,
    /// None for the repository's own packages.
    pub source: Option<&'a str>,
    /// What stands between the quotes of each dependency, and where.
    pub dependencies: Vec<(Range<usize>, &'a str)>,
}

impl Locked<'_> {
    pub fn is_from_registry(&self) -> bool {
        self.source.is_some_and(|source| source.starts_with("registry+") || source.starts_with("sparse+"))
    }
}

/// No real lock has a package in more versions than this.
const SAME_NAME_MAX: usize = 100;

impl<'a> Lock<'a> {
    /// Reads a lock of any form but the oldest, whose checksums stand apart.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub fn read(text: &'a str) -> Result<Self, String> {
        toml_edit::Document::parse(text).map_err(|error| super::manifest::first_line(&error.to_string()))?;
        let mut packages: Vec<Locked<'a>> = Vec::new();
        let mut open: Option<Locked<'a>> = None;
        let mut in_dependencies = false;
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end();
            let start = at;
            at += line.len();
            if content.starts_with('[') {
                packages.extend(open.take());
                in_dependencies = false;
                if content == "[[package]]" {
                    open = Some(Locked { range: start..start + content.len(), ..Locked::default() });
                } else if content == "[metadata]" || content == "[root]" {
                    return Err("it has the format of a very old Cargo version".to_owned());
                }
                continue;
            }
            let Some(package) = &mut open else { continue };
            if content.is_empty() {
                continue;
            }
            package.range.end = start + content.len();
            if in_dependencies {
                in_dependencies = !content.starts_with(']');
                package.dependencies.extend(quoted(content, start));
            } else if content.starts_with("dependencies") {
                in_dependencies = !content.ends_with(']');
            } else if let Some((key, value)) = content.split_once(" = ") {
                let value = value.trim_matches('"');
                match key {
                    "name" => package.name = value,
                    "version" => package.version = value,
                    "source" => package.source = Some(value),
                    _ => {}
                }
            }
        }
        packages.extend(open);
        // Names and versions will stand in commands that people are told to run.
        if packages.iter().any(|package| !is_name(package.name) || not_plain(package.version).is_some()) {
            return Err("it contains an invalid package name or version".to_owned());
        }
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, package) in packages.iter().enumerate() {
            by_name.entry(package.name).or_default().push(index);
        }
        if by_name.values().any(|named| named.len() > SAME_NAME_MAX) {
            return Err("it contains too many versions of one package".to_owned());
        }
        Ok(Self { text, packages, by_name })
    }

    /// The packages of this name.
    pub fn named(&self, name: &str) -> &[usize] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }

    /// The package of this name, version and source.
    pub fn find(&self, name: &str, version: &str, source: Option<&str>) -> Option<usize> {
        let is_it = |&&index: &&usize| {
            let package = &self.packages[index];
            package.version == version && package.source == source
        };
        self.named(name).iter().find(is_it).copied()
    }

    /// The package that a dependency means: `name`, `name version` or `name version (source)`.
    pub fn resolve(&self, dependency: &str) -> Option<usize> {
        let mut words = dependency.splitn(3, ' ');
        let named = self.named(words.next()?);
        let version = words.next();
        let source = words.next().map(|source| source.trim_matches(['(', ')']));
        let mut fitting = named.iter().copied().filter(|&index| {
            let package = &self.packages[index];
            version.is_none_or(|version| package.version == version)
                && source.is_none_or(|source| {
                    package.source.is_some_and(|full| full.split('#').next() == source.split('#').next())
                })
        });
        let first = fitting.next()?;
        fitting.next().is_none().then_some(first)
    }
}

fn quoted(content: &str, start: usize) -> Option<(Range<usize>, &str)> {
    let open = content.find('"')? + 1;
    let close = open + content[open..].find('"')?;
    Some((start + open..start + close, &content[open..close]))
}

/// Whether this can be the name of a crate.
pub fn is_name(text: &str) -> bool {
    const LENGTH_MAX: usize = 64;
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
        && text.len() <= LENGTH_MAX
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Whether a requirement on one version is, by default, met by the other: `^`.
pub fn is_compatible(one: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (semver::Version::parse(one), semver::Version::parse(other)) else { return false };
    match (one.major, one.minor) {
        (0, 0) => (0, 0, one.patch) == (other.major, other.minor, other.patch),
        (0, minor) => (0, minor) == (other.major, other.minor),
        (major, _) => major == other.major,
    }
}
