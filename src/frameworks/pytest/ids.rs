//! The ids that pytest gives to the rows of a table.

use std::collections::HashMap;

use tree_sitter::Node;

use super::literal;
use crate::frameworks::python::imports::Bindings;
use crate::frameworks::python::module::{callee, dotted, values};
use crate::frameworks::syntax::of;

/// A piece of a case's id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// What it may read, the likeliest first. Empty where the source does not tell.
    pub readings: Vec<String>,
    /// Whether the first reading is what pytest writes by default.
    pub sure: bool,
}

impl Piece {
    fn sure(reading: String) -> Self {
        Self { readings: vec![reading], sure: true }
    }
}

/// How a table names its values.
#[derive(Clone, Debug)]
pub enum Naming<'t> {
    Default,
    /// `ids=str` and such: like the default for literals only.
    Literals,
    /// `ids=[…]`.
    List(Vec<Node<'t>>),
    /// By a function of the project.
    Unknown,
}

/// The naming that a table's `ids` asks for.
pub fn naming<'t>(ids: Option<Node<'t>>, text: &str) -> Naming<'t> {
    match ids.map(|ids| (ids.kind(), ids)) {
        None | Some(("none", _)) => Naming::Default,
        Some(("list" | "tuple", ids)) => {
            let entries = values(ids);
            let spread = entries.iter().any(|entry| entry.kind() == "list_splat");
            if spread { Naming::Unknown } else { Naming::List(entries) }
        }
        Some((_, ids)) if of(ids, text) == "str" => Naming::Literals,
        Some(_) => Naming::Unknown,
    }
}

/// An id that the source gives.
pub fn given(node: Node<'_>, text: &str) -> Piece {
    match literal::string(node, text) {
        Some(string) => {
            let (escaped, plain) = (string.escaped(), string.plain());
            let readings = if plain == escaped { vec![escaped] } else { vec![escaped, plain] };
            Piece { readings, sure: true }
        }
        None => literal::value(node, text).map(Piece::sure).unwrap_or_default(),
    }
}

/// The piece of one value of the row at `index`, which is None behind rows that are computed.
pub fn of_value(value: Node<'_>, argument: &str, index: Option<usize>, text: &str) -> Piece {
    let literal = given(value, text);
    if !literal.readings.is_empty() {
        return literal;
    }
    let numbered = index.map(|index| format!("{argument}{index}"));
    match value.kind() {
        "parenthesized_expression" => match values(value).first() {
            Some(inner) if inner.kind() != value.kind() => of_value(*inner, argument, index, text),
            _ => Piece::default(),
        },
        "lambda" => Piece::sure("<lambda>".to_owned()),
        "list"
        | "tuple"
        | "set"
        | "dictionary"
        | "ellipsis"
        | "list_comprehension"
        | "dictionary_comprehension"
        | "set_comprehension"
        | "generator_expression" => Piece { sure: index.is_some(), readings: numbered.into_iter().collect() },
        // A class or function is named by its own name, a member of an enumeration as it is written.
        "identifier" | "attribute" => {
            let name = dotted(value, text).unwrap_or_default();
            let last = name.rsplit('.').next().unwrap_or("").to_owned();
            let mut readings = vec![name];
            if readings[0] != last {
                readings.push(last);
            }
            readings.extend(numbered);
            Piece { readings, sure: false }
        }
        _ => Piece { readings: numbered.into_iter().collect(), sure: false },
    }
}

/// The pieces of a whole row where the table's `ids` decide.
pub fn by_table(naming: &Naming<'_>, index: Option<usize>, text: &str) -> Option<Piece> {
    match naming {
        Naming::Default | Naming::Literals => None,
        Naming::Unknown => Some(Piece::default()),
        Naming::List(entries) => {
            let entry = index.and_then(|index| entries.get(index));
            match (index, entry) {
                (None, _) => Some(Piece::default()),
                (_, Some(entry)) if entry.kind() != "none" => Some(given(*entry, text)),
                _ => None,
            }
        }
    }
}

/// Whether a row is a call of `pytest.param`.
pub fn is_param(row: Node<'_>, text: &str, bindings: &Bindings) -> bool {
    let name = bindings.resolve(&dotted(callee(row), text).unwrap_or_default());
    row.kind() == "call" && name.rsplit('.').next() == Some("param")
}

/// Numbers the ids that occur more than once, as pytest does since version 8; before, it put no `_` behind a digit.
pub fn unique(ids: &[String]) -> Vec<Vec<String>> {
    let mut present: HashMap<String, usize> = HashMap::new();
    for id in ids {
        *present.entry(id.clone()).or_default() += 1;
    }
    let counts = present.clone();
    let mut next: HashMap<&str, usize> = HashMap::new();
    let mut out = Vec::new();
    for id in ids {
        if counts[id] == 1 {
            out.push(vec![id.clone()]);
            continue;
        }
        let joint = if id.ends_with(|c: char| c.is_ascii_digit()) { "_" } else { "" };
        let number = next.entry(id).or_default();
        while present.get(&format!("{id}{joint}{number}")).is_some_and(|count| *count > 0) {
            *number += 1;
        }
        let new = format!("{id}{joint}{number}");
        let mut readings = vec![new.clone()];
        if !joint.is_empty() {
            readings.push(format!("{id}{number}"));
        }
        *number += 1;
        *present.entry(id.clone()).or_insert(1) -= 1;
        *present.entry(new).or_default() += 1;
        out.push(readings);
    }
    out
}

/// Whether pieces, joined by `-`, can read `id`.
pub fn reads(pieces: &[Piece], id: &str) -> bool {
    let mut ends = vec![0];
    for (count, piece) in pieces.iter().enumerate() {
        let joint = if count == 0 { "" } else { "-" };
        let mut next = Vec::new();
        for &end in &ends {
            let Some(rest) = id[end..].strip_prefix(joint) else { continue };
            let fits = |reading: &&String| rest.starts_with(reading.as_str());
            next.extend(piece.readings.iter().filter(fits).map(|reading| end + joint.len() + reading.len()));
        }
        next.sort_unstable();
        next.dedup();
        ends = next;
    }
    !pieces.is_empty() && ends.contains(&id.len())
}
