//! Titles of tests and groups: what is said, and what is only known when the tests run.

use tree_sitter::Node;

use super::bindings::{self, Bindings};
use super::literal::{decode, one_line};
use super::words::Kind;
use crate::frameworks::syntax;

/// A title joined of more pieces than this is not read to its end.
const PIECES_MAX: usize = 64;

/// An expression as a title is shown up to here, in characters.
const SOURCE_MAX: usize = 200;

/// A piece of a title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Text(String),
    /// Known only when the tests run.
    Hole,
}

/// A title as the source says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Title {
    /// The template's own literal text in one line: what stands between the quotes.
    pub own: String,
    pub parts: Vec<Part>,
}

impl Title {
    /// Whether something of it is known only when the tests run.
    pub fn is_template(&self) -> bool {
        self.parts.contains(&Part::Hole)
    }
}

/// What the reading of a title depends on.
pub struct Context<'a> {
    pub text: &'a str,
    pub bindings: &'a Bindings,
    pub kind: Kind,
    /// Stands in a loop, so that a name may be the loop's variable.
    pub repeats: bool,
    /// Belongs to a table, so that placeholders are filled in.
    pub table: bool,
}

/// Reads a title.
pub fn read(node: Node<'_>, context: &Context<'_>) -> Title {
    let mut own = String::new();
    let mut parts = Vec::new();
    for operand in operands(node, context.text) {
        piece(operand, context, &mut own, &mut parts);
    }
    if context.table {
        parts = parts.into_iter().flat_map(fill).collect();
    }
    Title { own: one_line(&own), parts }
}

/// Whether the expression is a literal text, or begins with one.
pub fn is_literal(node: Node<'_>, text: &str) -> bool {
    operands(node, text).iter().any(|operand| matches!(operand.kind(), "string" | "template_string"))
}

/// The operands of a chain of `+`, from the left.
fn operands<'t>(node: Node<'t>, text: &str) -> Vec<Node<'t>> {
    let mut found = Vec::new();
    let mut rest = vec![bindings::bare(node)];
    while let Some(node) = rest.pop() {
        let sum = node.kind() == "binary_expression"
            && node.child_by_field_name("operator").is_some_and(|operator| syntax::of(operator, text) == "+");
        let sides = (node.child_by_field_name("left"), node.child_by_field_name("right"));
        match sides {
            (Some(left), Some(right)) if sum && found.len() + rest.len() < PIECES_MAX => {
                rest.push(bindings::bare(right));
                rest.push(bindings::bare(left));
            }
            _ => found.push(node),
        }
    }
    found
}

fn piece(node: Node<'_>, context: &Context<'_>, own: &mut String, parts: &mut Vec<Part>) {
    let source = syntax::of(node, context.text);
    match node.kind() {
        "string" => say(&decode(bindings::inside(source)), own, parts),
        "template_string" => template(node, context, own, parts),
        "number" => say(source, own, parts),
        _ => {
            if let Some(name) = reference(node, context) {
                return say(name, own, parts);
            }
            let short: String = source.chars().take(SOURCE_MAX).collect();
            hole(&format!("${{{short}}}"), own, parts);
        }
    }
}

fn say(text: &str, own: &mut String, parts: &mut Vec<Part>) {
    own.push_str(text);
    match parts.last_mut() {
        Some(Part::Text(last)) => last.push_str(text),
        _ => parts.push(Part::Text(text.to_owned())),
    }
}

fn hole(source: &str, own: &mut String, parts: &mut Vec<Part>) {
    own.push_str(source);
    parts.push(Part::Hole);
}

fn template(node: Node<'_>, context: &Context<'_>, own: &mut String, parts: &mut Vec<Part>) {
    let end = node.end_byte().saturating_sub(1);
    let mut from = node.start_byte() + 1;
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor).filter(|child| child.kind() == "template_substitution") {
        say(&decode(context.text.get(from..child.start_byte()).unwrap_or("")), own, parts);
        match child.named_child(0).and_then(|inner| constant(inner, context)) {
            Some(text) => say(&text, own, parts),
            None => hole(syntax::of(child, context.text), own, parts),
        }
        from = child.end_byte();
    }
    say(&decode(context.text.get(from..end).unwrap_or("")), own, parts);
}

/// The text of a literal or of a constant within a template.
fn constant(node: Node<'_>, context: &Context<'_>) -> Option<String> {
    let source = syntax::of(node, context.text);
    match node.kind() {
        "string" => Some(decode(bindings::inside(source))),
        "number" => Some(source.to_owned()),
        "identifier" => context.bindings.text(source).map(str::to_owned),
        _ => None,
    }
}

/// The name that a reference stands for: a constant's text, a class or a function, or its `.name`.
fn reference<'a>(node: Node<'_>, context: &Context<'a>) -> Option<&'a str> {
    let object = match node.kind() {
        "identifier" => node,
        "member_expression" => {
            let property = node.child_by_field_name("property")?;
            let object = node.child_by_field_name("object")?;
            (syntax::of(property, context.text) == "name" && object.kind() == "identifier").then_some(object)?
        }
        _ => return None,
    };
    let name = &context.text[object.byte_range()];
    if let Some(text) = context.bindings.text(name) {
        return (object == node).then_some(text);
    }
    let class = name.starts_with(|c: char| c.is_uppercase());
    let function = context.kind == Kind::Group && object == node;
    (!context.repeats && (class || function || context.kind == Kind::Group)).then_some(name)
}

/// Splits a text at the placeholders that a table fills in.
fn fill(part: Part) -> Vec<Part> {
    let Part::Text(text) = part else { return vec![part] };
    let mut parts = Vec::new();
    let mut said = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(['%', '$']) {
        said.push_str(&rest[..at]);
        let (length, literal) = placeholder(&rest[at..]);
        if let Some(literal) = literal {
            said.push_str(literal);
        } else {
            parts.push(Part::Text(std::mem::take(&mut said)));
            parts.push(Part::Hole);
        }
        rest = &rest[at + length..];
    }
    said.push_str(rest);
    parts.push(Part::Text(said));
    parts
}

/// The length of the placeholder at the front, and the text it stands for when that is certain.
fn placeholder(text: &str) -> (usize, Option<&str>) {
    let second = text[1..].chars().next();
    if text.starts_with('%') {
        return match second {
            Some('%') => (2, Some("%")),
            Some(c) if "sdifjoOpc#$".contains(c) => (2, None),
            _ => (1, Some("%")),
        };
    }
    match second {
        Some('#') => (2, None),
        Some(c) if c.is_ascii_alphabetic() || c == '_' || c == '$' => {
            let word = |c: char| c.is_ascii_alphanumeric() || "_.$[]".contains(c);
            let rest = text[1..].trim_start_matches(word);
            (text.len() - rest.len(), None)
        }
        _ => (1, Some("$")),
    }
}
