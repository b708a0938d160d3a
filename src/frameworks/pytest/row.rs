//! The insertions that mark one row of a table.
//!
//! What is put around a row tells how to take it out again: a row that was a `pytest.param` already gets a list of
//! marks, a row of several arguments becomes the arguments, anything else becomes one argument.

use tree_sitter::Node;

use super::ids::is_param;
use super::table::{Row, Table};
use crate::frameworks::python::imports::Bindings;
use crate::frameworks::python::module::{Arguments, callee, dotted, values};
use crate::frameworks::syntax::{Insertion, of};

/// Marks a row with `skip`; `param` is how `pytest.param` is called here. Refused where its marks cannot be read.
pub fn mark(
    table: &Table<'_>,
    row: &Row<'_>,
    param: &str,
    skip: &str,
    bindings: &Bindings,
    text: &str,
) -> Result<Vec<Insertion>, String> {
    let put = |at: usize, text: String| Insertion { at, text };
    let (start, end) = (row.node.start_byte(), row.node.end_byte());
    if is_param(row.node, text, bindings) {
        return marked_param(row.node, skip, bindings, text);
    }
    let around = |before: &str| vec![put(start, format!("{param}({before}")), put(end, format!(", marks={skip})"))];
    if table.single {
        return Ok(around(""));
    }
    match values(row.node).as_slice() {
        [_, .., last] if row.node.kind() == "tuple" && of(row.node, text).starts_with('(') => {
            Ok(vec![put(start, param.to_owned()), put(last.end_byte(), format!(", marks={skip}"))])
        }
        _ => Ok(around("*")),
    }
}

fn marked_param(row: Node<'_>, skip: &str, bindings: &Bindings, text: &str) -> Result<Vec<Insertion>, String> {
    const UNREADABLE: &str = "its marks are computed, so none can be added; skip the row by hand.";
    let put = |at: usize, text: String| Insertion { at, text };
    let arguments = Arguments::of(row, text);
    let last = arguments.positional.iter().copied().chain(arguments.named.iter().map(|(_, _, whole)| *whole));
    let last = last.map(|node| node.end_byte()).max().filter(|_| !arguments.spread).ok_or(UNREADABLE)?;
    let Some(marks) = arguments.get("marks", None) else {
        return Ok(vec![put(last, format!(", marks=[{skip}]"))]);
    };
    if matches!(marks.kind(), "list" | "tuple") {
        let end = values(marks).last().ok_or(UNREADABLE)?.end_byte();
        return Ok(vec![put(end, format!(", {skip}"))]);
    }
    let name = dotted(callee(marks), text).map(|name| bindings.resolve(&name)).unwrap_or_default();
    if name.contains("mark.") {
        return Ok(vec![put(marks.start_byte(), format!("[{skip}, ")), put(marks.end_byte(), "]".to_owned())]);
    }
    Err(UNREADABLE.to_owned())
}
