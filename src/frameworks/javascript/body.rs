//! Bodies of tests and groups: where they open, and statements in them that skip without a condition.

use std::ops::Range;

use tree_sitter::Node;

use super::bindings::Bindings;
use super::words::{Dialect, Kind, Runner};
use crate::frameworks::syntax;

/// The body of a test's or a group's function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Just behind the brace.
    pub open: usize,
    /// Where the first statement begins.
    pub first: Option<usize>,
    /// The statement that skips whatever this body makes.
    pub skip: Option<Range<usize>>,
}

/// Whether an expression is a function in place.
pub fn is_function(node: Node<'_>) -> bool {
    matches!(node.kind(), "arrow_function" | "function_expression" | "generator_function")
}

/// What the reading of bodies depends on.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub text: &'a str,
    pub dialect: &'a Dialect,
    pub bindings: &'a Bindings,
}

/// The body of a function in place; None when it is a single expression.
pub fn read(function: Node<'_>, kind: Kind, context: Context<'_>) -> Option<Body> {
    let block = function.child_by_field_name("body").filter(|body| body.kind() == "statement_block")?;
    let mut cursor = block.walk();
    let mut statements = block.named_children(&mut cursor).filter(|child| child.kind() != "comment").peekable();
    let first = statements.peek().map(Node::start_byte);
    let skip = match kind {
        Kind::Test => statements.next().filter(|statement| skips(*statement, kind, context)),
        Kind::Group => statements.find(|statement| skips(*statement, kind, context)),
    };
    Some(Body { open: block.start_byte() + 1, first, skip: skip.map(|statement| statement.byte_range()) })
}

/// The statement of the file's top level that skips all its tests.
pub fn of_file(root: Node<'_>, context: Context<'_>) -> Option<Range<usize>> {
    let mut cursor = root.walk();
    let mut statements = root.named_children(&mut cursor);
    statements.find(|statement| skips(*statement, Kind::Group, context)).map(|statement| statement.byte_range())
}

/// Whether a statement skips the body's test, or all tests of the body's group, under no condition.
fn skips(statement: Node<'_>, kind: Kind, context: Context<'_>) -> bool {
    let call = match statement.kind() {
        "expression_statement" | "return_statement" => statement.named_child(0),
        _ => None,
    };
    let Some(call) = call.map(super::bindings::bare).filter(|call| call.kind() == "call_expression") else {
        return false;
    };
    let (Some(function), Some(arguments)) =
        (call.child_by_field_name("function"), call.child_by_field_name("arguments"))
    else {
        return false;
    };
    let first = arguments.named_child(0);
    match context.dialect.runner {
        Runner::Playwright => {
            let playwright = member_of(function, &["skip", "fixme"], context.text)
                .is_some_and(|object| context.bindings.is_test(syntax::of(object, context.text)));
            playwright && first.is_none_or(|first| first.kind() == "true")
        }
        Runner::Mocha if kind == Kind::Test => {
            member_of(function, &["skip"], context.text).is_some_and(|object| object.kind() == "this")
        }
        Runner::Vitest if kind == Kind::Test => {
            let member = member_of(function, &["skip"], context.text).is_some_and(|object| {
                object.kind() == "identifier" && !context.bindings.is_test(syntax::of(object, context.text))
            });
            let bare = function.kind() == "identifier" && syntax::of(function, context.text) == "skip";
            let certain = first.is_none_or(|first| ["true", "string"].contains(&first.kind()));
            (member || bare) && certain
        }
        _ => false,
    }
}

/// The object of `object.property`, for one of these properties.
fn member_of<'t>(function: Node<'t>, properties: &[&str], text: &str) -> Option<Node<'t>> {
    let property = function.child_by_field_name("property")?;
    let object = function.child_by_field_name("object")?;
    properties.contains(&syntax::of(property, text)).then_some(object)
}
