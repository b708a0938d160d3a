//! What skips a test method already, the statement that skips it, and that statement's way out.

use std::ops::Range;

use tree_sitter::Node;

use super::classes::Method;
use super::rows::Key;
use crate::frameworks::finder::{self, line, named};
use crate::frameworks::syntax::{self, Insertion};

const CALL: &str = "$this->markTestSkipped(";
const GUARD: &str = "if ($this->dataName() === ";

/// Who skips a method, or its data set `key`, by the first statements of its body.
pub fn skipped(method: &Method<'_>, key: Option<&Key>, text: &str) -> Option<String> {
    for statement in named(method.body?) {
        if skips(statement, text) {
            return Some(finder::already(syntax::of(statement, text), line(statement), syntax::of(statement, text)));
        }
        let guarded = guarded(statement, text)?;
        if key.is_some_and(|key| key.literal() == guarded) {
            return Some(finder::already(syntax::of(statement, text), line(statement), syntax::of(statement, text)));
        }
    }
    None
}

/// Whether a statement is a call of `markTestSkipped` or its like.
fn skips(statement: Node<'_>, text: &str) -> bool {
    let call = named(statement).into_iter().next().filter(|_| statement.kind() == "expression_statement");
    let call = call.filter(|call| matches!(call.kind(), "member_call_expression" | "scoped_call_expression"));
    let name = call.and_then(|call| call.child_by_field_name("name"));
    name.is_some_and(|name| matches!(syntax::of(name, text), "markTestSkipped" | "markTestIncomplete"))
}

/// The key of a data set that this statement alone skips.
fn guarded<'t>(statement: Node<'_>, text: &'t str) -> Option<&'t str> {
    if !syntax::of(statement, text).starts_with(GUARD) {
        return None;
    }
    let condition = statement.child_by_field_name("condition")?;
    let body = statement.child_by_field_name("body")?;
    if !named(body).first().is_some_and(|first| skips(*first, text)) {
        return None;
    }
    text.get(statement.start_byte() + GUARD.len()..condition.end_byte().checked_sub(1)?)
}

/// The statement that skips the method or one data set of it, at the beginning of the body.
pub fn insertion(method: &Method<'_>, key: Option<&Key>, text: &str, words: &str) -> Result<Insertion, String> {
    let number = method.line;
    let Some(body) = method.body.filter(|_| !method.fixed) else {
        return Err(format!("The method on line {number} is static or has no body. Skip it by hand."));
    };
    let call = format!("{CALL}'{words}');");
    let Some(at) = own_line(body, text) else {
        let inline = match key {
            Some(key) => format!(" {GUARD}{}) {{ {call} }}", key.literal()),
            None => format!(" {call}"),
        };
        return Ok(Insertion { at: body.start_byte() + 1, text: inline });
    };
    let (indent, unit) = indents(method, body, text);
    let end = syntax::line_end(text);
    let lines = match key {
        Some(key) => {
            format!("{indent}{GUARD}{}) {{{end}{indent}{unit}{call}{end}{indent}}}{end}", key.literal())
        }
        None => format!("{indent}{call}{end}"),
    };
    Ok(Insertion { at, text: lines })
}

/// Where a line of its own can go into a body: after the line of its brace, if nothing but a comment ends that line.
fn own_line(body: Node<'_>, text: &str) -> Option<usize> {
    let next = syntax::next_line(text, body.start_byte());
    let rest = text.get(body.start_byte() + 1..next)?.trim();
    let free = rest.is_empty() || rest.starts_with("//");
    (free && next < body.end_byte()).then_some(next)
}

/// The indentation of a body's statements, and one step more.
fn indents<'t>(method: &Method<'_>, body: Node<'_>, text: &'t str) -> (String, &'t str) {
    let outer = syntax::indent(text, method.node.start_byte());
    let unit = if outer.contains('\t') {
        "\t"
    } else if outer.len().is_multiple_of(4) {
        "    "
    } else {
        "  "
    };
    let first = named(body).first().map(Node::start_byte).filter(|at| syntax::first_in_line(text, *at));
    match first {
        Some(at) => (syntax::indent(text, at).to_owned(), unit),
        None => (format!("{outer}{unit}"), unit),
    }
}

/// The whole of what was inserted with the mark in the quoted string.
pub fn inserted(text: &str, quoted: Range<usize>) -> Option<Range<usize>> {
    let start = quoted.start.checked_sub(CALL.len())?;
    if text.get(start..quoted.start) != Some(CALL) || !text[quoted.end..].starts_with(");") {
        return None;
    }
    let end = quoted.end + 2;
    let first = syntax::line_start(text, start);
    let next = syntax::next_line(text, end);
    if text[first..start].trim().is_empty() && text[end..next].trim().is_empty() {
        return Some(guard_lines(text, first, next).unwrap_or(first..next));
    }
    let before = &text[first..start];
    if let Some(at) = before.rfind(GUARD).filter(|_| before.ends_with(") { ") && text[end..].starts_with(" }")) {
        return before[..at].ends_with(' ').then(|| first + at - 1..end + 2);
    }
    before.ends_with(' ').then_some(start - 1..end)
}

/// The three lines that skip one data set, given the line in their middle.
fn guard_lines(text: &str, first: usize, next: usize) -> Option<Range<usize>> {
    let above = syntax::line_start(text, first.checked_sub(1)?);
    let guard = text[above..first].trim();
    let end = syntax::next_line(text, next);
    let fits = guard.starts_with(GUARD) && guard.ends_with(") {") && text[next..end].trim() == "}";
    fits.then_some(above..end)
}
