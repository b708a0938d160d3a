//! `pnpm-workspace.yaml`: versions in catalogs, and overrides.

use std::ops::Range;

use crate::ecosystems::npm::manifest::prefix;
use crate::edit::lines::{Lines, line_end, whole_line};
use crate::edit::mark::{ABSENT, Behind, Found, PIN, comment};
use crate::edit::splice::Splices;
use crate::edit::yaml::scalars;

/// A catalog's requirement of the package.
#[derive(Clone, Debug)]
pub struct Entry {
    /// `default` for the one without a name.
    pub catalog: String,
    pub requirement: String,
    pub range: Range<usize>,
    /// Where a mark goes.
    pub end: usize,
    pub mark: Option<Found>,
    pub refused: Option<&'static str>,
}

impl Entry {
    pub fn original(&self) -> &str {
        self.mark.as_ref().map_or(&self.requirement, |mark| mark.was.old.trim_matches(['"', '\'']))
    }
}

/// Every requirement of the package in a catalog.
///
/// # Errors
/// Why the text is no YAML.
pub fn entries(text: &str, package: &str) -> Result<Vec<Entry>, String> {
    let mut list = Vec::new();
    for scalar in scalars(text)? {
        let path: Vec<&str> = scalar.path.iter().map(String::as_str).collect();
        let catalog = match path.as_slice() {
            ["catalog", name] if *name == package => "default".to_owned(),
            ["catalogs", catalog, name] if *name == package => (*catalog).to_owned(),
            _ => continue,
        };
        let behind = Behind::read(text, scalar.range.end, PIN);
        let is_writable =
            scalar.simple && behind.is_some() && comment(&text[scalar.range.clone()], None, PIN).is_some();
        let (end, mark) = behind.map_or((scalar.range.end, None), |behind| (behind.end, behind.mark));
        let refused = prefix(&scalar.value)
            .err()
            .or_else(|| (!is_writable).then_some("its requirement has a form that cannot be marked"));
        list.push(Entry { catalog, requirement: scalar.value, range: scalar.range, end, mark, refused });
    }
    Ok(list)
}

/// The text with these requirements pinned.
pub fn pinned(text: &str, entries: &[&Entry], version: &str, locked: Option<&str>) -> String {
    let mut splices = Splices::default();
    for entry in entries {
        let raw = &text[entry.range.clone()];
        let quote = &raw[..usize::from(raw.starts_with(['"', '\'']))];
        splices.replace(entry.range.clone(), format!("{quote}{version}{quote}"));
        if entry.mark.is_none() {
            splices.insert(entry.end, comment(raw, locked, PIN).unwrap_or_default());
        }
    }
    splices.apply(text)
}

/// The text with these requirements as their marks say they were.
pub fn restored(text: &str, entries: &[&Entry]) -> String {
    let mut splices = Splices::default();
    for entry in entries {
        let Some(mark) = &entry.mark else { continue };
        splices.remove(mark.range.clone());
        splices.replace(entry.range.clone(), mark.was.old.clone());
    }
    splices.apply(text)
}

/// An override that the pin added: its line, with the line's end, and what it says.
#[derive(Clone, Debug)]
pub struct AddedOverride {
    pub line: Range<usize>,
    pub value: Range<usize>,
    pub key: String,
    pub version: String,
    pub locked: Option<String>,
}

/// What the mapping of overrides says of a package.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    pub ours: Option<AddedOverride>,
    /// What people have written there themselves.
    pub other: Option<String>,
}

/// What the file's overrides say of the package; none where it has no overrides.
///
/// # Errors
/// Why the text is no YAML.
pub fn overrides(text: &str, package: &str) -> Result<Option<Overrides>, String> {
    let all = scalars(text)?;
    let mut list = all.iter().filter(|scalar| scalar.path.len() == 2 && scalar.path[0] == "overrides").peekable();
    if list.peek().is_none() {
        return Ok(None);
    }
    let mut found = Overrides::default();
    for scalar in list {
        let key = &scalar.path[1];
        if key != package && !key.strip_prefix(package).is_some_and(|rest| rest.starts_with('@')) {
            continue;
        }
        let mark = Behind::read(text, scalar.range.end, PIN).and_then(|behind| behind.mark);
        match mark.filter(|mark| mark.was.old == ABSENT) {
            Some(mark) => {
                let line = whole_line(text, Lines::new(text).around(scalar.range.start));
                let (key, version) = (key.clone(), scalar.value.clone());
                let value = scalar.range.clone();
                found.ours = Some(AddedOverride { line, value, key, version, locked: mark.was.locked });
            }
            None => found.other = Some(scalar.value.clone()),
        }
    }
    Ok(Some(found))
}

/// The text with an override added after the line `overrides:`; none where that is not written as a block.
pub fn with_override(text: &str, key: &str, version: &str, locked: Option<&str>) -> Option<String> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.trim_end() != "overrides:" {
            continue;
        }
        let next = text[at..].lines().find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))?;
        let blanks = &next[..next.len() - next.trim_start_matches(' ').len()];
        let mark = comment(ABSENT, locked, PIN).unwrap_or_default();
        let line = format!("{blanks}'{key}': {version}{mark}{}", line_end(text));
        return (!blanks.is_empty()).then(|| format!("{}{line}{}", &text[..at], &text[at..]));
    }
    None
}
