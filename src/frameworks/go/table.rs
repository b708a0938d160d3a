//! Tables of Go subtests: `for … range tests { t.Run(tc.name, …) }`, and the names of their rows.

use super::find::Run;
use super::name::{rewritten, value};
use crate::frameworks::marking::{children, visit};
use crate::frameworks::syntax::of;
use tree_sitter::Node;

/// The rows that a loop runs as subtests.
pub struct Rows {
    /// The names that are written out, as go prints them.
    pub names: Vec<String>,
    /// How many rows there are.
    pub count: usize,
}

/// The rows of the table that this call is run over, when the table is written out in this file.
pub fn rows(text: &str, function: Node<'_>, run: &Run<'_>) -> Option<Rows> {
    let clause = children(run.around?).into_iter().find(|child| child.kind() == "range_clause")?;
    let table = table(text, function, clause)?;
    let body = table.child_by_field_name("body")?;
    let is_map = table.child_by_field_name("type").is_some_and(|kind| kind.kind() == "map_type");
    let key = clause.child_by_field_name("left").and_then(|left| left.named_child(0));
    let by_key = is_map && key.is_some_and(|key| of(key, text) == of(run.title, text));
    let rows = children(body).into_iter().filter(|node| node.kind() != "comment").collect::<Vec<_>>();
    let mut names = Vec::new();
    for row in &rows {
        let side = if by_key { "key" } else { "value" };
        let part = if row.kind() == "keyed_element" { row.child_by_field_name(side) } else { Some(*row) };
        names.extend(part.and_then(|part| row_name(text, part, run.title)).map(|name| rewritten(&name)));
    }
    Some(Rows { names, count: rows.len() })
}

/// Whether a function holds this name as a literal: for a table that is filled by other means.
pub fn mentions(text: &str, function: Node<'_>, name: &str) -> bool {
    let mut found = false;
    visit(function, &mut |node| {
        found |= literal_value(text, node).is_some_and(|title| rewritten(&title) == name);
        !found
    });
    found
}

fn is_literal(node: Node<'_>) -> bool {
    matches!(node.kind(), "interpreted_string_literal" | "raw_string_literal")
}

/// The composite literal that a loop ranges over: in place, or by the name of a variable.
fn table<'tree>(text: &str, function: Node<'tree>, clause: Node<'tree>) -> Option<Node<'tree>> {
    let right = clause.child_by_field_name("right")?;
    match right.kind() {
        "composite_literal" => Some(right),
        "identifier" => {
            let variable = of(right, text);
            let local = declared(text, function, variable, right.start_byte());
            local.or_else(|| package_level(text, function.parent()?, variable))
        }
        _ => None,
    }
}

fn package_level<'tree>(text: &str, root: Node<'tree>, variable: &str) -> Option<Node<'tree>> {
    let mut declarations = children(root).into_iter().filter(|node| node.kind() == "var_declaration");
    declarations.find_map(|node| declared(text, node, variable, text.len()))
}

/// The last composite literal before the offset that a variable of this name is declared with.
fn declared<'tree>(text: &str, within: Node<'tree>, variable: &str, before: usize) -> Option<Node<'tree>> {
    let mut found = None;
    visit(within, &mut |node| {
        let (names, values) = match node.kind() {
            "short_var_declaration" => ("left", "right"),
            "var_spec" => ("name", "value"),
            _ => return node.start_byte() < before,
        };
        let name = node.child_by_field_name(names).map(|names| of(names, text));
        if name == Some(variable) && node.end_byte() <= before {
            let value = node.child_by_field_name(values).and_then(|values| {
                if values.kind() == "expression_list" { values.named_child(0) } else { Some(values) }
            });
            found = value.filter(|value| value.kind() == "composite_literal").or(found);
        }
        true
    });
    found
}

/// The name that a row gives to its subtest: the row itself when it is a text, its field, or its first text.
fn row_name(text: &str, row: Node<'_>, title: Node<'_>) -> Option<String> {
    let inner = if row.kind() == "literal_element" { row.named_child(0)? } else { row };
    if title.kind() == "identifier" {
        return literal_value(text, inner);
    }
    let field = of(title.child_by_field_name("field")?, text);
    // A row may be `{…}`, `row{…}` or `&row{…}`.
    let inner = inner.child_by_field_name("operand").unwrap_or(inner);
    let parts = children(inner.child_by_field_name("body").unwrap_or(inner));
    if parts.iter().any(|part| part.kind() == "keyed_element") {
        let is_field = |part: &&Node<'_>| part.child_by_field_name("key").is_some_and(|key| of(key, text) == field);
        let element = parts.iter().find(is_field)?.child_by_field_name("value")?;
        return literal_value(text, element.named_child(0)?);
    }
    parts.iter().filter_map(|part| part.named_child(0)).find_map(|part| literal_value(text, part))
}

fn literal_value(text: &str, node: Node<'_>) -> Option<String> {
    is_literal(node).then(|| value(of(node, text))).flatten()
}
