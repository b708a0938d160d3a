//! Skips examples and groups of `RSpec` by `skip:` metadata, and releases them.

mod items;
mod names;
mod skip;
mod titles;

use std::ops::Range;

use tree_sitter::{Language, Tree};

use self::items::{Item, Kind, Why};
use self::names::{Hits, Place};
use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::finder::{self, Change, Finder, Found, unfit};

pub struct RspecEditor;

impl Editor for RspecEditor {
    fn id(&self) -> &'static str {
        "rspec"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["rb"]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with("_spec.rb")
    }

    /// Only names with a place (`./spec/cart_spec.rb:12`) say where they are.
    fn file_of(&self, name: &str) -> Option<String> {
        let path = names::wanted(name).place?.path().trim_start_matches("./").to_owned();
        match path.strip_prefix('/') {
            Some(absolute) => absolute.rfind("/spec/").map(|at| absolute[at + 1..].to_owned()),
            None => Some(path),
        }
    }

    /// Empty, which any text has, where the name is a place alone.
    fn needle(&self, name: &str) -> String {
        names::needle(names::wanted(name).text).to_owned()
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        finder::quarantine(self, source, name, &self.needle(name), mark)
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        finder::release(self, source, id)
    }
}

impl Finder for RspecEditor {
    fn language(&self) -> Language {
        tree_sitter_ruby::LANGUAGE.into()
    }

    fn find(&self, source: &Source, tree: &Tree, name: &str, words: &str) -> Found {
        let wanted = names::wanted(name);
        if wanted.place.as_ref().is_some_and(|place| !names::same_file(&source.path, place.path())) {
            return Found::Absent;
        }
        let items = items::collect(tree, &source.text);
        let mut hits = names::by_text(&items, wanted.text);
        if (hits.items.len() != 1 || hits.perhaps)
            && let Some(place) = &wanted.place
        {
            match by_place(&items, place, wanted.text) {
                Ok(items) => hits = Hits { items, perhaps: false },
                Err(reason) => return unfit(reason),
            }
        }
        match hits.items[..] {
            [] => Found::Absent,
            [hit] => judge(&items, hit, hits.perhaps, source, words),
            _ => {
                let lines: Vec<usize> = hits.items.iter().map(|hit| items[*hit].line).collect();
                finder::several(name, &lines, "Give the full description, or the file and line.")
            }
        }
    }

    fn inserted(&self, text: &str, quoted: Range<usize>) -> Option<Range<usize>> {
        let before = &text[..quoted.start];
        let after = &text[quoted.end..];
        if before.ends_with("(nil, skip: ") && after.starts_with(')') {
            return Some(quoted.start - "(nil, skip: ".len()..quoted.end + 1);
        }
        for form in [" nil, skip: ", ", skip: "] {
            if before.ends_with(form) {
                return Some(quoted.start - form.len()..quoted.end);
            }
        }
        None
    }
}

/// The items at a place of this file, or why the place cannot be trusted: it says too little, or its line has moved.
fn by_place(items: &[Item<'_>], place: &Place<'_>, text: &str) -> Result<Vec<usize>, String> {
    let (found, of_place) = match place {
        Place::Line(_, line) => (names::by_line(items, *line), format!("Line {line} of this file")),
        Place::Id(_, indices) => match names::by_id(items, indices) {
            Some(found) => (vec![found], format!("Line {} of this file", items[found].line)),
            None => {
                return Err("The source does not tell which example has this id, because there are fewer examples \
                            or some are generated. Name it by its description or line."
                    .to_owned());
            }
        },
    };
    if found.is_empty() {
        return Err(format!("{of_place} is not in an example or a group. Name the test by its description."));
    }
    let fitting: Vec<usize> = found.into_iter().filter(|hit| names::may_be(&items[*hit], text)).collect();
    if fitting.is_empty() {
        return Err(format!(
            "{of_place} has a different test than the name says, so the file may have changed. Name the test by its \
             current description."
        ));
    }
    Ok(fitting)
}

/// What can be done with the one item that was found.
fn judge(items: &[Item<'_>], hit: usize, perhaps: bool, source: &Source, words: &str) -> Found {
    let item = &items[hit];
    if let Some((line, skip)) = skip::skipped(items, hit) {
        return Found::Already(finder::already(skip, line, skip));
    }
    if let Some(reason) = unsuitable(items, hit, perhaps) {
        return unfit(reason);
    }
    let insertion = match skip::insertion(item, &source.text, words) {
        Ok(insertion) => insertion,
        Err(reason) => return unfit(reason),
    };
    let mut warnings = Vec::new();
    let (what, line) = (item.method, item.line);
    if item.kind == Kind::Group {
        let (count, open) = names::inside(items, hit);
        let least = if open { "at least " } else { "" };
        let counted = finder::counted(count, "example");
        warnings.push(format!("This skips the whole group on line {line}, with {least}{counted}."));
    }
    let because = format!("The test is the `{what}` on line {line}; RSpec skips it by its `skip:` metadata.");
    Found::Change(Change { insertions: vec![insertion], because, warnings })
}

/// Why an item cannot be skipped alone.
fn unsuitable(items: &[Item<'_>], hit: usize, perhaps: bool) -> Option<String> {
    let item = &items[hit];
    let line = item.line;
    if item.node.has_error() && (item.kind == Kind::Example || names::leaf(items, hit)) {
        return Some(format!("The test on line {line} does not parse. Fix its syntax, or skip it by hand."));
    }
    match (item.kind, item.why) {
        (Kind::Behaves, _) => Some(format!(
            "The examples of line {line} come from shared examples, which cannot be skipped from here. Name the group \
             around that line to skip it whole."
        )),
        (Kind::Shared, _) | (_, Some(Why::Shared)) => Some(format!(
            "Line {line} is in shared examples, and a skip would apply wherever they are included. Name the group that \
             includes them to skip it whole."
        )),
        (_, Some(Why::Loop)) => Some(format!(
            "The test on line {line} is generated by a loop or a helper, and a skip would affect several tests. Name \
             the group around it to skip it whole."
        )),
        (Kind::Example, None) if perhaps => Some(format!(
            "The description on line {line} is computed while the tests run, so it may not be this \
             test. Name it by its file and line if it is, or name the group around it."
        )),
        _ => None,
    }
}
