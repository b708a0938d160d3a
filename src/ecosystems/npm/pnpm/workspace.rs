//! `pnpm-workspace.yaml`: versions in catalogs, and overrides.

use std::ops::Range;

use crate::ecosystems::npm::manifest::prefix;
use crate::edit::lines::{Lines, line_end, whole_line, with_line};
use crate::edit::mark::{ABSENT, Behind, Found, MADE, PIN, comment};
use crate::edit::splice::{Splices, splice};
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

/// The text with these requirements pinned, each with the version that the lock has for it.
pub fn pinned(text: &str, entries: &[(&Entry, Option<String>)], version: &str) -> String {
    let mut splices = Splices::default();
    for (entry, locked) in entries {
        let raw = &text[entry.range.clone()];
        let quote = &raw[..usize::from(raw.starts_with(['"', '\'']))];
        splices.replace(entry.range.clone(), format!("{quote}{version}{quote}"));
        if entry.mark.is_none() {
            splices.insert(entry.end, comment(raw, locked.as_deref(), PIN).unwrap_or_default());
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

/// The text with an override added to those that it has as a block, or with a block for it where it has none; none where
/// they are written otherwise.
pub fn with_override(text: &str, key: &str, version: &str, locked: Option<&str>) -> Option<String> {
    let mark = comment(ABSENT, locked, PIN).unwrap_or_default();
    let line = |blanks: &str| format!("{blanks}'{key}': {version}{mark}");
    let lines = Lines::new(text);
    let Some((number, _)) = lines.all().enumerate().find(|(_, (_, line))| line.starts_with("overrides:")) else {
        let quoted = lines.all().any(|(_, line)| line.starts_with(['"', '\'', '{']));
        return (!quoted).then(|| with_line(&with_line(text, &format!("overrides:{MADE}")), &line("  ")));
    };
    let behind = text[lines.range(number)]["overrides:".len()..].trim_start();
    let mut rest = lines.all().skip(number + 1).map(|(_, line)| line);
    let next = rest.find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))?;
    let blanks = &next[..next.len() - next.trim_start_matches(' ').len()];
    if blanks.is_empty() || !(behind.is_empty() || behind.starts_with('#')) {
        return None;
    }
    let end = lines.range(number).end;
    Some(splice(text, vec![(end..end, format!("{}{}", line_end(text), line(blanks)))]))
}

/// The text without the override that our pin added, and without the block that it made for it.
pub fn without_override(text: &str, ours: &AddedOverride) -> String {
    let text = splice(text, vec![(ours.line.clone(), String::new())]);
    let others = scalars(&text)
        .is_ok_and(|all| all.iter().any(|scalar| scalar.path.len() == 2 && scalar.path[0] == "overrides"));
    let made = Lines::new(&text).all().find(|(_, line)| *line == format!("overrides:{MADE}"));
    match made.filter(|_| !others) {
        Some((range, _)) => splice(&text, vec![(whole_line(&text, range), String::new())]),
        None => text,
    }
}
