//! What the editors share about marks: finding one, naming one, and the checks that every edit has to pass.

use super::edit::Editor;
use super::syntax::{errors, parse};
use crate::domain::edit::{Edit, Edited, Mark, Source};
use crate::domain::text::short;
use std::ops::Range;
use tree_sitter::{Language, Node, Tree};

/// Longer test names are not looked for, in bytes.
pub const NAME_MAX: usize = 2000;

/// A new text for a file, before it is checked.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    pub text: String,
    pub because: Vec<String>,
    pub warnings: Vec<String>,
}

/// Gives the draft out if it parses as well as the source and if release leads back to the source byte for byte.
pub fn checked(
    editor: &dyn Editor,
    language: &Language,
    source: &Source,
    tree: &Tree,
    id: &str,
    draft: Draft,
) -> Edited {
    let is_sound = parse(language, &draft.text).is_some_and(|after| errors(&after) <= errors(tree));
    reversible(editor, source, id, draft, is_sound)
}

/// The same where it is known already whether the draft parses as well as the source.
pub fn reversible(editor: &dyn Editor, source: &Source, id: &str, draft: Draft, is_sound: bool) -> Edited {
    if source.text.contains(&Mark::needle(id)) {
        return refused("This file already has a mark with this id; remove that one first, or use another id.");
    }
    if !is_sound {
        return refused("The file would not parse after the edit; skip the test by hand.");
    }
    let edited = Source { path: source.path.clone(), text: draft.text };
    if editor.release(&edited, id).as_deref() != Some(source.text.as_str()) {
        return refused("The skip could not be removed again exactly; skip the test by hand.");
    }
    Edited::Ready(Edit { files: vec![edited], because: draft.because, warnings: draft.warnings, ..Edit::default() })
}

/// A refusal for one reason.
pub fn refused(reason: impl Into<String>) -> Edited {
    Edited::Refused(vec![reason.into()])
}

/// What is said of a test that is skipped already by this piece of source: our mark with its id, or the skip itself.
pub fn already(text: &str, skip: Node<'_>) -> Edited {
    already_at(text, skip.byte_range())
}

/// The same for a skip that is more than one node.
pub fn already_at(text: &str, skip: Range<usize>) -> Edited {
    let piece = &text[skip.clone()];
    let line = line_number(text, skip.start);
    Edited::Already(match mark_in(piece) {
        Some(mark) => format!("The test is already quarantined, on line {line}: {mark}."),
        None => format!("The test is already skipped, on line {line}: {}", short(piece)),
    })
}

/// The mark's id and day in a piece of source: `ci-rescue id=… until=…`.
pub fn mark_in(piece: &str) -> Option<String> {
    let words = &piece[piece.find("ci-rescue id=")?..];
    let until = words.find(" until=")? + " until=".len();
    let end = words[until..].find(|c: char| !c.is_ascii_digit() && c != '-').map_or(words.len(), |n| until + n);
    Some(short(&words[..end]))
}

/// Where the mark of this id begins, if it stands in the text exactly once.
pub fn only_mark(text: &str, id: &str) -> Option<usize> {
    let needle = Mark::needle(id);
    let mut places = text.match_indices(&needle);
    let (at, _) = places.next()?;
    places.next().is_none().then_some(at)
}

/// The line of an offset, counted from 1.
pub fn line_number(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// The lines in which nodes begin: `3, 17`; at most ten.
pub fn lines(text: &str, nodes: &[Node<'_>]) -> String {
    let numbers = nodes.iter().take(10).map(|node| line_number(text, node.start_byte()).to_string());
    numbers.collect::<Vec<_>>().join(", ")
}

/// Walks a tree from the node down, parents first; `enter` says whether to go into a node. Deep trees are no danger.
pub fn visit<'tree>(node: Node<'tree>, enter: &mut dyn FnMut(Node<'tree>) -> bool) {
    let mut cursor = node.walk();
    loop {
        if enter(cursor.node()) && cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return;
            }
        }
    }
}

/// The named children of a node, in order.
pub fn children(node: Node<'_>) -> Vec<Node<'_>> {
    node.named_children(&mut node.walk()).collect()
}
