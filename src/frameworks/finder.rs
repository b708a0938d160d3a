//! How an editor's insertions become an edit: nothing is given out that does not parse, skip the test and come out again.

use std::ops::Range;

use tree_sitter::{Language, Node, Tree};

use super::syntax::{self, Insertion};
use crate::domain::edit::{Edit, Edited, Mark, Source};
use crate::domain::text::clean_line;

/// Larger sources are not edited, in bytes: hostile ones make the parsers' time grow with the square of the size.
pub const SOURCE_MAX: usize = 512 << 10;
/// Longer names of tests are not looked for, in bytes.
pub const NAME_MAX: usize = 1000;

/// What a search for a test found in a file.
pub enum Found {
    /// The test, and what to insert so that it is skipped.
    Change(Change),
    /// The test, skipped already, and by whom.
    Already(String),
    /// The test, and why it cannot be skipped.
    Refused(Vec<String>),
    Absent,
}

/// Insertions that skip a test, and what to say of them.
pub struct Change {
    pub insertions: Vec<Insertion>,
    pub because: String,
    pub warnings: Vec<String>,
}

/// What each framework adds to the common way of editing.
pub trait Finder {
    fn language(&self) -> Language;
    /// Whether the parser can take this text without trouble.
    fn parsable(&self, _text: &str) -> bool {
        true
    }
    /// Finds the test that `name` means; `words` are the mark's, to be put into the insertions.
    fn find(&self, source: &Source, tree: &Tree, name: &str, words: &str) -> Found;
    /// The whole of what was inserted with the mark that the quoted string at `quoted` holds; None when that string
    /// does not stand in a form that this editor writes.
    fn inserted(&self, text: &str, quoted: Range<usize>) -> Option<Range<usize>>;
}

/// Skips a test and checks the outcome: no new errors of syntax, found again as skipped by this mark, and releasable.
pub fn quarantine(finder: &impl Finder, source: &Source, name: &str, needle: &str, mark: &Mark) -> Edited {
    let name = name.trim();
    if name.is_empty() || name.len() > NAME_MAX {
        return Edited::Absent;
    }
    let Some(tree) = parsed(finder, &source.text) else {
        if !source.text.contains(needle) {
            return Edited::Absent;
        }
        return refused("This file is too large or too unusual to parse safely. Skip the test by hand.");
    };
    let change = match finder.find(source, &tree, name, &mark.words()) {
        Found::Change(change) => change,
        Found::Already(by) => return Edited::Already(by),
        Found::Refused(reasons) => return Edited::Refused(reasons),
        Found::Absent if damaged_at(&tree, &source.text, needle) => {
            return refused(
                "This file does not parse where it mentions the test. Fix the syntax, or skip the test by hand.",
            );
        }
        Found::Absent => return Edited::Absent,
    };
    if let Some(at) = source.text.find(&Mark::needle(&mark.id)) {
        let line = line_of(&source.text, at);
        return refused(&format!("Line {line} of this file already has this quarantine's mark. Remove it first."));
    }
    let text = syntax::insert(&source.text, change.insertions);
    let edited = Source { path: source.path.clone(), text };
    if !holds(finder, &edited, name, &mark.id, syntax::errors(&tree)) {
        return refused("The skip would not take effect in this file as it is written. Skip the test by hand.");
    }
    if release(finder, &edited, &mark.id).as_ref() != Some(&source.text) {
        return refused("The skip could not be removed again exactly. Skip the test by hand.");
    }
    Edited::Ready(Edit {
        files: vec![edited],
        because: vec![change.because],
        warnings: change.warnings,
        ..Edit::default()
    })
}

/// Whether the edited file parses as well as before and its test is skipped by the mark `id`.
fn holds(finder: &impl Finder, edited: &Source, name: &str, id: &str, errors: usize) -> bool {
    let Some(tree) = parsed(finder, &edited.text) else { return false };
    let found = finder.find(edited, &tree, name, "");
    syntax::errors(&tree) <= errors && matches!(found, Found::Already(by) if marks(&by, id))
}

/// Whether a text names the mark `id`, and not one that only begins like it.
fn marks(text: &str, id: &str) -> bool {
    mark_id(text) == Some(id)
}

/// Takes the mark `id` out again. None when it is not there exactly once in a form that the editor writes.
pub fn release(finder: &impl Finder, source: &Source, id: &str) -> Option<String> {
    let text = &source.text;
    let needle = Mark::needle(id);
    let at = text.find(&needle)?;
    if text[at + needle.len()..].contains(&needle) {
        return None;
    }
    let quote = text[..at].chars().next_back().filter(|c| matches!(c, '"' | '\''))?;
    let close = at + text[at..].find([quote, '\n'])?;
    if !text[close..].starts_with(quote) {
        return None;
    }
    let taken = finder.inserted(text, at - 1..close + 1)?;
    let released = format!("{}{}", &text[..taken.start], &text[taken.end..]);
    let before = syntax::errors(&parsed(finder, text)?);
    let after = syntax::errors(&parsed(finder, &released)?);
    (after <= before).then_some(released)
}

/// The tree of a text, if that can be had safely.
fn parsed(finder: &impl Finder, text: &str) -> Option<Tree> {
    if text.len() > SOURCE_MAX || !finder.parsable(text) {
        return None;
    }
    syntax::parse(&finder.language(), text)
}

/// A refusal for one reason.
pub fn refused(reason: &str) -> Edited {
    Edited::Refused(vec![reason.to_owned()])
}

/// The same for a search.
pub fn unfit(reason: impl Into<String>) -> Found {
    Found::Refused(vec![reason.into()])
}

/// Refuses a name that several tests of the file have.
pub fn several(name: &str, lines: &[usize], advice: &str) -> Found {
    let shown = lines.iter().take(10).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let more = if lines.len() > 10 { " and more" } else { "" };
    unfit(format!("`{}` matches {} tests in this file, on lines {shown}{more}. {advice}", short(name), lines.len()))
}

/// Says that a test is skipped already: by the mark in `skip`, or else by `by`.
pub fn already(skip: &str, line: usize, by: &str) -> String {
    match mark_id(skip) {
        Some(id) => format!("This test is already quarantined, on line {line}: ci-rescue id={}", short(id)),
        None => format!("This test is already skipped, on line {line}, by `{}`.", short(by)),
    }
}

/// The id of the first mark in a text.
fn mark_id(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("ci-rescue id=")?;
    Some(&rest[..rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len())])
}

/// A piece of foreign text, fit for a message: one line of at most 80 characters.
pub fn short(text: &str) -> String {
    clean_line(text, 80).replace('`', " ")
}

/// A count with its noun.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// The line that holds the byte `at`, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The line a node begins on, from 1.
pub fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// The named children, comments left out.
pub fn named(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect()
}

/// The first child of a kind.
pub fn child<'t>(node: Node<'t>, kind: &str) -> Option<Node<'t>> {
    let mut cursor = node.walk();
    node.children(&mut cursor).find(|child| child.kind() == kind)
}

/// Whether a place that the parser did not understand mentions the needle.
fn damaged_at(tree: &Tree, text: &str, needle: &str) -> bool {
    if needle.is_empty() || !tree.root_node().has_error() {
        return false;
    }
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        if node.is_error() {
            if syntax::of(node, text).contains(needle) {
                return true;
            }
        } else if node.has_error() {
            let mut cursor = node.walk();
            open.extend(node.children(&mut cursor));
        }
    }
    false
}
