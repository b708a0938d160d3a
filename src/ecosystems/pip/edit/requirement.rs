//! One requirement as Python's packaging writes it: where its name and its version specifier stand.

use std::ops::Range;

/// A requirement and the positions of its parts in the text it was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// Normalised, see [`normal`].
    pub(crate) name: String,
    /// The version specifier; empty and behind the name and its extras where there is none.
    pub(crate) spec: Range<usize>,
    /// It comes from an address or a path, not from an index.
    pub(crate) address: bool,
    /// The environments that it is for, without the `;` before them; empty for all.
    pub(crate) marker: String,
}

/// A name as all spellings of it have it: small letters, and `-` for every run of `-`, `_` and `.`.
pub(crate) fn normal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        if !matches!(c, '-' | '_' | '.') {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    out
}

/// Whether this can be the name of a Python package.
pub(crate) fn is_name(name: &str) -> bool {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    name.len() <= 100
        && edge(name.chars().next())
        && edge(name.chars().last())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
}

fn skip_blanks(text: &str, at: usize) -> usize {
    text.len() - text[at..].trim_start_matches([' ', '\t']).len()
}

/// Reads the requirement at the beginning of `text`; `None`, when there is none.
pub(crate) fn requirement(text: &str) -> Option<Requirement> {
    let start = skip_blanks(text, 0);
    let name_end = text[start..].find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
    let name_end = name_end.map_or(text.len(), |length| start + length);
    let name = &text[start..name_end];
    if !is_name(name) {
        return None;
    }
    let mut end = name_end;
    let mut at = skip_blanks(text, end);
    if text[at..].starts_with('[') {
        end = at + text[at..].find(']')? + 1;
        at = skip_blanks(text, end);
    }
    let rest = &text[at..];
    let found = |spec: Range<usize>, address| {
        let marker = marker(&text[spec.end..]);
        Some(Requirement { name: normal(name), spec, address, marker })
    };
    match rest.chars().next() {
        Some('@') => found(end..end, true),
        Some('(') => found(at..at + rest.find(')')? + 1, false),
        Some('<' | '>' | '=' | '!' | '~') => found(at..at + spec_length(rest), false),
        None | Some(';' | '#' | '\\' | '\r' | '\n') => found(end..end, false),
        Some('-') if rest.starts_with("--") && at > end => found(end..end, false),
        Some(_) => None,
    }
}

/// What follows the `;` behind a specifier, up to options, a comment or the line's end.
fn marker(rest: &str) -> String {
    let Some(said) = rest.trim_start_matches([' ', '\t']).strip_prefix(';') else { return String::new() };
    let ends = [" --", "\t--", " #", "\t#", "\\", "\n", "\r"];
    let end = ends.iter().filter_map(|end| said.find(end)).min().unwrap_or(said.len());
    said[..end].split_whitespace().collect::<Vec<_>>().join(" ")
}

fn spec_length(rest: &str) -> usize {
    let mut blank = false;
    for (at, c) in rest.char_indices() {
        let ends = !(c.is_ascii_alphanumeric() || " \t<>=!~,.*+-_".contains(c)) || (blank && c == '-');
        if ends {
            return rest[..at].trim_end().len();
        }
        blank = c == ' ' || c == '\t';
    }
    rest.trim_end().len()
}
