//! `go.sum`: the checksums of modules.

use super::module::compare;
use crate::edit::lines::{Lines, line_end, whole_line};
use crate::edit::splice::splice;
use std::ops::Range;

/// The checksum lines of a module version: of its archive and of its `go.mod`.
fn pair(text: &str, module: &str, version: &str) -> (Option<String>, Option<String>) {
    let archive = format!("{module} {version} h1:");
    let manifest = format!("{module} {version}/go.mod h1:");
    let find = |start: &str| text.lines().find(|line| line.starts_with(start)).map(|line| line.trim_end().to_owned());
    (find(&archive), find(&manifest))
}

/// Whether both checksums are there.
pub(super) fn has(text: &str, module: &str, version: &str) -> bool {
    let (archive, manifest) = pair(text, module, version);
    archive.is_some() && manifest.is_some()
}

/// The text with the checksums of a version from earlier contents, and which ones are new: `+1` for that of the archive,
/// `+2` for both.
pub(super) fn with(text: &str, earlier: &[&str], module: &str, version: &str) -> Option<(String, &'static str)> {
    let known = pair(text, module, version).1;
    let found = earlier.iter().map(|old| pair(old, module, version)).find(|(a, m)| a.is_some() && m.is_some())?;
    let (archive, manifest) = (found.0?, found.1?);
    // A checksum that contradicts the one of now must not come in.
    if known.as_ref().is_some_and(|known| *known != manifest) {
        return None;
    }
    let (lines, added) = if known.is_some() { (vec![archive], "+1") } else { (vec![archive, manifest], "+2") };
    let at = place(text, module, version);
    let end = line_end(text);
    let new = lines.join(end);
    // A text that ends without a line end still does.
    let is_open = at == text.len() && !text.is_empty() && !text.ends_with('\n');
    let new = if is_open { format!("{end}{new}") } else { format!("{new}{end}") };
    Some((splice(text, vec![(at..at, new)]), added))
}

/// Where a version's lines belong in the order that Go's tools keep.
fn place(text: &str, module: &str, version: &str) -> usize {
    for (range, line) in Lines::new(text).all() {
        let mut words = line.split(' ');
        let (Some(name), Some(own)) = (words.next(), words.next()) else { continue };
        let own = own.split('/').next().unwrap_or_default();
        if name > module || (name == module && compare(own, version).is_ge()) {
            // The archive's line stands before that of its go.mod.
            return range.start;
        }
    }
    text.len()
}

/// The text without the lines that [`with`] put in.
pub(super) fn without(text: &str, module: &str, version: &str, added: &str) -> String {
    let (archive, manifest) = pair(text, module, version);
    let gone = [archive, manifest.filter(|_| added == "+2")];
    let mut cuts: Vec<Range<usize>> = Vec::new();
    for (range, line) in Lines::new(text).all() {
        if !gone.iter().flatten().any(|gone| gone == line) {
            continue;
        }
        // Lines that stand together go together, so that no line end is counted twice.
        match cuts.last_mut().filter(|last| matches!(&text[last.end..range.start], "\n" | "\r\n")) {
            Some(last) => last.end = range.end,
            None => cuts.push(range),
        }
    }
    splice(text, cuts.into_iter().map(|cut| (whole_line(text, cut), String::new())).collect())
}
