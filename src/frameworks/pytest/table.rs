//! The tables of `pytest.mark.parametrize`, as far as they stand in the source.

use crate::domain::text::short;
use tree_sitter::Node;

use super::ids::{Naming, Piece, by_table, given, is_param, naming, of_value, unique};
use super::literal;
use crate::frameworks::python::imports::Bindings;
use crate::frameworks::python::module::{Arguments, Module, callee, dotted, values};
use crate::frameworks::syntax::of;

/// A table whose rows can be read.
pub struct Table<'t> {
    pub rows: Vec<Row<'t>>,
    /// Whether a row's value is the argument itself, even when it is a tuple.
    pub single: bool,
    /// Whether some rows are computed.
    pub open: bool,
    /// Whether it stands on a class.
    pub shared: bool,
}

/// A row, and its id in pieces that are joined by `-`.
pub struct Row<'t> {
    pub node: Node<'t>,
    pub pieces: Vec<Piece>,
}

/// The tables that multiply a test, as the id names them: the function's own from the nearest up, then those of the
/// classes around it. None stands for a table that is computed.
pub fn tables<'t>(module: &Module<'t>, bindings: &Bindings, index: usize) -> Vec<Option<Table<'t>>> {
    let mut tables = Vec::new();
    let mut at = Some(index);
    while let Some(item) = at.map(|at| &module.items[at]) {
        for decorator in item.decorators.iter().rev().filter(|node| is_parametrize(**node, module.text, bindings)) {
            let table = read(*decorator, module.text, bindings);
            tables.push(table.map(|table| Table { shared: at != Some(index), ..table }));
        }
        at = item.class;
    }
    tables
}

fn is_parametrize(decorator: Node<'_>, text: &str, bindings: &Bindings) -> bool {
    let name = bindings.resolve(&dotted(callee(decorator), text).unwrap_or_default());
    decorator.kind() == "call" && name.rsplit('.').next() == Some("parametrize")
}

fn read<'t>(call: Node<'t>, text: &'t str, bindings: &Bindings) -> Option<Table<'t>> {
    let arguments = Arguments::of(call, text);
    let (names, single) = argument_names(arguments.get("argnames", Some(0))?, text)?;
    let list = arguments.get("argvalues", Some(1)).filter(|list| matches!(list.kind(), "list" | "tuple"))?;
    if arguments.spread {
        return None;
    }
    let naming = naming(arguments.get("ids", Some(3)), text);
    let mut table = Table { rows: Vec::new(), single, open: false, shared: false };
    for (position, node) in values(list).into_iter().enumerate() {
        if node.kind() == "list_splat" {
            table.open = true;
            continue;
        }
        let index = (!table.open).then_some(position);
        let (id, row_values) =
            if is_param(node, text, bindings) { param(node, text) } else { (None, plain(node, single)) };
        let pieces = id.or_else(|| by_table(&naming, index, text)).map(|piece| vec![piece]);
        let pieces = pieces.unwrap_or_else(|| pieces_of(&row_values, &names, &naming, index, text));
        table.rows.push(Row { node, pieces });
    }
    number(&mut table);
    Some(table)
}

/// The names, and whether they are one name in a string.
fn argument_names(node: Node<'_>, text: &str) -> Option<(Vec<String>, bool)> {
    if matches!(node.kind(), "list" | "tuple") {
        let names = values(node).into_iter().map(|name| Some(literal::string(name, text)?.plain()));
        return Some((names.collect::<Option<Vec<String>>>()?, false));
    }
    let list = literal::string(node, text)?.plain();
    let names: Vec<String> = list.split(',').map(str::trim).filter(|n| !n.is_empty()).map(str::to_owned).collect();
    // Since version 9, pytest takes `"a,"` for a tuple of one name.
    let single = names.len() == 1 && !list.trim_end().ends_with(',');
    Some((names, single))
}

/// The id and the values of a `pytest.param`; no values where they are computed.
fn param<'t>(row: Node<'t>, text: &'t str) -> (Option<Piece>, Vec<Node<'t>>) {
    let arguments = Arguments::of(row, text);
    match arguments.get("id", None) {
        Some(id) if id.kind() != "none" => (Some(given(id, text)), Vec::new()),
        _ if arguments.spread => (Some(Piece::default()), Vec::new()),
        _ => (None, arguments.positional.into_iter().flat_map(unpacked).collect()),
    }
}

/// The values of a row that is no `pytest.param`.
fn plain(row: Node<'_>, single: bool) -> Vec<Node<'_>> {
    match row.kind() {
        _ if single => vec![row],
        "tuple" | "list" => values(row),
        _ => Vec::new(),
    }
}

fn pieces_of(
    row_values: &[Node<'_>],
    names: &[String],
    naming: &Naming<'_>,
    index: Option<usize>,
    text: &str,
) -> Vec<Piece> {
    if row_values.len() != names.len() || row_values.iter().any(|value| value.kind() == "list_splat") {
        return vec![Piece::default()];
    }
    let piece = |(value, name): (&Node<'_>, &String)| {
        let literal = !given(*value, text).readings.is_empty();
        let told = literal || !matches!(naming, Naming::Literals);
        if told { of_value(*value, name, index, text) } else { Piece::default() }
    };
    row_values.iter().zip(names).map(piece).collect()
}

/// The values of `*(1, 2)`; anything else is one value.
fn unpacked(value: Node<'_>) -> Vec<Node<'_>> {
    match values(value).first() {
        Some(inner) if value.kind() == "list_splat" && matches!(inner.kind(), "list" | "tuple") => values(*inner),
        _ => vec![value],
    }
}

/// Where every id is known, the ones that occur twice get a number.
fn number(table: &mut Table<'_>) {
    let sure = |row: &Row<'_>| row.pieces.iter().all(|piece| piece.sure);
    if table.open || !table.rows.iter().all(sure) {
        return;
    }
    let join = |row: &Row<'_>| {
        let first = |piece: &Piece| piece.readings.first().cloned().unwrap_or_default();
        row.pieces.iter().map(first).collect::<Vec<_>>().join("-")
    };
    let ids: Vec<String> = table.rows.iter().map(join).collect();
    for ((row, readings), id) in table.rows.iter_mut().zip(unique(&ids)).zip(&ids) {
        if readings[0] != *id {
            row.pieces = vec![Piece { readings, sure: true }];
        }
    }
}

/// How many cases the tables make. None when it cannot be told.
pub fn cases(tables: &[Option<Table<'_>>]) -> Option<usize> {
    let rows = |table: &Option<Table<'_>>| table.as_ref().filter(|table| !table.open).map(|table| table.rows.len());
    // pytest makes one skipped case of an empty table.
    tables.iter().map(rows).try_fold(1_usize, |all, rows| all.checked_mul(rows?.max(1)))
}

/// A row, as far as it fits a message.
pub fn words(row: &Row<'_>, text: &str) -> String {
    short(&of(row.node, text).split_whitespace().collect::<Vec<_>>().join(" "))
}
