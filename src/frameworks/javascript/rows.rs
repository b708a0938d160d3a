//! How many tests a table makes.

use tree_sitter::Node;

use super::bindings;

/// The rows of a table, given as the arguments of `each`. None when the source does not say.
pub fn count(arguments: Node<'_>, text: &str) -> Option<usize> {
    if arguments.kind() == "template_string" {
        return count_tagged(arguments, text);
    }
    let table = bindings::bare(arguments.named_child(0)?);
    if table.kind() != "array" {
        return None;
    }
    let mut cursor = table.walk();
    let mut rows = 0;
    for row in table.named_children(&mut cursor) {
        match row.kind() {
            "comment" => {}
            "spread_element" => return None,
            _ => rows += 1,
        }
    }
    Some(rows)
}

/// The first line heads the columns; every row has one interpolation for each.
fn count_tagged(table: Node<'_>, text: &str) -> Option<usize> {
    let mut cursor = table.walk();
    let mut cells = table.named_children(&mut cursor).filter(|child| child.kind() == "template_substitution");
    let Some(first) = cells.next() else { return Some(0) };
    let head = text.get(table.start_byte() + 1..first.start_byte())?;
    let heading = head.lines().find(|line| !line.trim().is_empty())?;
    let columns = heading.matches('|').count() + 1;
    Some((cells.count() + 1).div_ceil(columns))
}
