//! Requirements files: their logical lines, with continuation, comments, options and hashes.

use std::ops::Range;

use super::requirement::{Requirement, normal, requirement};
use crate::edit::lines::Lines;

/// A logical line that says something.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// From its first character to the end of its last line, without comments at its end.
    pub(super) core: Range<usize>,
    /// With positions in the file.
    pub(super) requirement: Option<Requirement>,
    pub(super) hashed: bool,
    /// The package that an address, a path or `-e` line stands for, as far as the line says so.
    pub(super) address_of: Option<String>,
    /// The file that a line brings in, and whether only to constrain.
    pub(super) include: Option<(String, bool)>,
}

/// The logical lines of a requirements file.
pub(super) fn entries(text: &str) -> Vec<Entry> {
    let lines = Lines::new(text);
    let mut out = Vec::new();
    let mut number = 0;
    while number < lines.count() {
        let first = lines.range(number);
        let mut last = first.clone();
        while text[last.clone()].ends_with('\\') && !is_comment(&text[last.clone()]) && number + 1 < lines.count() {
            number += 1;
            last = lines.range(number);
        }
        number += 1;
        out.extend(entry(text, first.start..last.end, last.start.max(first.start)));
    }
    out
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Where the comment at the end of a line begins, with the blanks before it.
pub(super) fn comment_start(line: &str) -> usize {
    let mut blank = true;
    for (at, c) in line.char_indices() {
        if c == '#' && blank {
            return line[..at].trim_end().len();
        }
        blank = c.is_whitespace();
    }
    line.trim_end().len()
}

fn entry(text: &str, range: Range<usize>, last_line: usize) -> Option<Entry> {
    let end = last_line + comment_start(&text[last_line..range.end]);
    let raw = &text[range.clone()];
    let start = range.start + (raw.len() - raw.trim_start_matches('\u{feff}').trim_start().len());
    let core = start..end.max(start);
    let said = &text[core.clone()];
    if said.is_empty() || said.starts_with('#') {
        return None;
    }
    let mut entry = Entry {
        core: core.clone(),
        requirement: None,
        hashed: said.contains("--hash"),
        address_of: None,
        include: None,
    };
    if let Some(option) = said.strip_prefix('-') {
        entry.include = include(option);
        entry.address_of = egg(said);
        return Some(entry);
    }
    match requirement(said) {
        Some(mut found) => {
            found.spec = core.start + found.spec.start..core.start + found.spec.end;
            if found.address {
                entry.address_of = Some(found.name.clone());
            } else {
                entry.requirement = Some(found);
            }
        }
        None => entry.address_of = egg(said).or_else(|| archive(said)),
    }
    Some(entry)
}

/// The file behind `-r`, `-c` or the long forms of them, whose first dash is gone.
fn include(option: &str) -> Option<(String, bool)> {
    let named = |forms: [&str; 2]| {
        let rest = forms.iter().find_map(|form| option.strip_prefix(form))?;
        let path = rest.trim_start_matches([' ', '=', '\t']).trim_end();
        let path = path.trim_matches(['"', '\'']);
        (!path.is_empty()).then(|| path.to_owned())
    };
    let required = named(["-requirement", "r"]).map(|path| (path, false));
    required.or_else(|| named(["-constraint", "c"]).map(|path| (path, true)))
}

/// The name that `#egg=` gives.
fn egg(said: &str) -> Option<String> {
    let name = said.split_once("#egg=").or_else(|| said.split_once("&egg="))?.1;
    let end = name.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c))).unwrap_or(name.len());
    Some(normal(&name[..end]))
}

/// The name in front of an archive's file name.
fn archive(said: &str) -> Option<String> {
    let file = said.split([' ', '#', ';']).next()?.rsplit('/').next()?;
    let known = [".whl", ".tar.gz", ".zip"].iter().any(|end| file.ends_with(end));
    let name = known.then(|| file.split_once('-'))??.0;
    Some(normal(name))
}
