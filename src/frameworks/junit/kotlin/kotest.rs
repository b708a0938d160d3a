//! Kotest's specs: their tests have titles instead of methods, and are skipped by hand.

use crate::domain::edit::Edited;
use crate::domain::text::short;
use crate::frameworks::junit::annotations::literal;
use crate::frameworks::junit::find::{Class, Declared, is_end};
use crate::frameworks::junit::name::{bare, class as class_segments, odd};
use crate::frameworks::marking::{line_number, refused, visit};
use crate::frameworks::syntax::of;
use tree_sitter::Node;

/// A word to whoever names a spec, or a test of one.
pub fn refusal(text: &str, declared: &Declared<'_>, name: &str) -> Option<Edited> {
    if !text.contains("io.kotest.") {
        return None;
    }
    let segments = class_segments(name);
    declared.classes.iter().filter(|class| is_spec(class)).find_map(|class| {
        if !segments.is_empty() && is_end(&class.path, &segments) {
            let class = short(segments.last().map_or("", String::as_str));
            return Some(refused(format!(
                "{class} is a Kotest spec, which has no annotation of JUnit; annotate it with Kotest's `@Ignored` by \
                 hand."
            )));
        }
        let test = test(class.node, text, bare(name))?;
        let line = line_number(text, test.start_byte());
        Some(refused(format!(
            "This is a test of Kotest, on line {line}, which cannot be skipped this way; put `!` before its title by \
             hand."
        )))
    })
}

fn is_spec(class: &Class<'_>) -> bool {
    class.bases.iter().any(|base| base.ends_with("Spec"))
}

/// The title that a name ends with.
fn test<'tree>(class: Node<'tree>, text: &str, name: &str) -> Option<Node<'tree>> {
    let mut found = None;
    visit(class, &mut |node| {
        if node.kind() == "string_literal" && literal(of(node, text)).is_some_and(|title| ends(name, &title)) {
            found = found.or(Some(node));
        }
        found.is_none()
    });
    found
}

fn ends(name: &str, title: &str) -> bool {
    let before = name.strip_suffix(title).filter(|_| !title.is_empty());
    before.is_some_and(|before| before.chars().next_back().is_none_or(odd))
}
