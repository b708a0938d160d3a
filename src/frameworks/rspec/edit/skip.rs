//! What skips an example or a group already, and where to put what skips it.

use tree_sitter::Node;

use super::items::{Item, Kind, arguments};
use crate::frameworks::finder::{child, named};
use crate::frameworks::syntax::{self, Insertion};

/// What skips the item itself: by its method, its metadata, or the first statement of its body.
pub fn own(node: Node<'_>, method: &str, kind: Kind, text: &str) -> Option<String> {
    if matches!(kind, Kind::Other | Kind::Behaves | Kind::Shared) {
        return None;
    }
    if method.starts_with('x') || matches!(method, "pending" | "skip") {
        return Some(method.to_owned());
    }
    let arguments = arguments(node);
    if let Some(skip) = arguments.iter().find_map(|argument| by_metadata(*argument, text)) {
        return Some(skip);
    }
    if kind != Kind::Example {
        return None;
    }
    let given = arguments.iter().any(|argument| argument.kind() == "block_argument");
    if node.child_by_field_name("block").is_none() && !given {
        return Some("an example without a body".to_owned());
    }
    by_body(node, text)
}

/// `skip: …`, `:skip => …` or `:skip` among the arguments.
fn by_metadata(argument: Node<'_>, text: &str) -> Option<String> {
    match argument.kind() {
        "simple_symbol" => skipping(syntax::of(argument, text)).map(str::to_owned),
        "hash" => named(argument).into_iter().filter(|pair| pair.kind() == "pair").find_map(|pair| by_pair(pair, text)),
        "pair" => by_pair(argument, text),
        _ => None,
    }
}

fn by_pair(pair: Node<'_>, text: &str) -> Option<String> {
    let key = skipping(syntax::of(pair.child_by_field_name("key")?, text))?;
    let value = pair.child_by_field_name("value")?;
    match value.kind() {
        "string" | "true" | "simple_symbol" => Some(format!("{key}: {}", syntax::of(value, text))),
        _ => None,
    }
}

fn skipping(key: &str) -> Option<&'static str> {
    match key.trim_start_matches(':') {
        "skip" => Some("skip"),
        "pending" => Some("pending"),
        _ => None,
    }
}

/// Whether the first statement of the call's block is `skip` or `pending`.
pub fn by_body(node: Node<'_>, text: &str) -> Option<String> {
    let body = node.child_by_field_name("block")?.child_by_field_name("body")?;
    let first = named(body).into_iter().next()?;
    let method = match first.kind() {
        "identifier" => first,
        "call" if first.child_by_field_name("receiver").is_none() => first.child_by_field_name("method")?,
        _ => return None,
    };
    let skips = matches!(syntax::of(method, text), "skip" | "pending") && first.child_by_field_name("block").is_none();
    skips.then(|| syntax::of(first, text).to_owned())
}

/// The line and text of what skips an item, be it its own or that of a group around it.
pub fn skipped<'a>(items: &'a [Item<'_>], hit: usize) -> Option<(usize, &'a str)> {
    let mut at = Some(hit);
    while let Some(item) = at.map(|at| &items[at]) {
        if let Some(skip) = &item.skip {
            return Some((item.line, skip));
        }
        at = item.parent;
    }
    None
}

/// Where `skip:` goes: after the last argument, inside the parentheses and the braces that are there.
pub fn insertion(item: &Item<'_>, text: &str, words: &str) -> Result<Insertion, String> {
    let line = item.line;
    let by_hand = |what: &str| Err(format!("The call on line {line} {what}. Skip it by hand."));
    let list = child(item.node, "argument_list");
    let arguments: Vec<Node<'_>> = list.map(named).unwrap_or_default();
    let plain = |node: &Node<'_>| !matches!(node.kind(), "block_argument" | "heredoc_body");
    let positional: Vec<Node<'_>> = arguments.iter().copied().filter(plain).collect();
    let Some(last) = positional.last() else {
        if item.kind != Kind::Example || !arguments.is_empty() {
            return by_hand("has no description that metadata can follow");
        }
        return Ok(without_arguments(item, list, text, words));
    };
    if positional.len() == 1 && matches!(last.kind(), "pair" | "hash" | "hash_splat_argument" | "splat_argument") {
        return by_hand("has metadata but no description, so RSpec would ignore the rest");
    }
    if last.kind() == "splat_argument" {
        return by_hand("takes its metadata from a variable");
    }
    if has_own_key(&positional, text) {
        return by_hand("has conditional `skip` or `pending` metadata");
    }
    let at = match last.kind() {
        "hash" => match named(*last).last() {
            Some(pair) => pair.end_byte(),
            None => return by_hand("ends with an empty hash"),
        },
        _ => last.end_byte(),
    };
    Ok(Insertion { at, text: format!(", skip: \"{words}\"") })
}

/// An example without a description: `RSpec` reads metadata only after one, so there must be a `nil`.
fn without_arguments(item: &Item<'_>, list: Option<Node<'_>>, text: &str, words: &str) -> Insertion {
    if let Some(list) = list.filter(|list| syntax::of(*list, text).starts_with('(')) {
        return Insertion { at: list.start_byte() + 1, text: format!(" nil, skip: \"{words}\"") };
    }
    let at = item.node.child_by_field_name("method").map_or(item.node.start_byte(), |method| method.end_byte());
    Insertion { at, text: format!("(nil, skip: \"{words}\")") }
}

/// Whether a key of ours is there already; one that skips was found before.
fn has_own_key(arguments: &[Node<'_>], text: &str) -> bool {
    let pairs = arguments.iter().flat_map(|node| if node.kind() == "hash" { named(*node) } else { vec![*node] });
    pairs
        .filter(|node| node.kind() == "pair")
        .filter_map(|pair| pair.child_by_field_name("key"))
        .any(|key| skipping(syntax::of(key, text)).is_some())
}
