//! Takes a mark out again.

use tree_sitter::{Node, Tree};

use super::module::{Arguments, callee, children, dotted, language, values};
use super::place::start_of_line;
use super::uses;
use crate::domain::edit::Mark;
use crate::frameworks::syntax::{errors, first_in_line, next_line, of, parse};

/// Where a piece to take out begins and ends.
type Cut = (usize, usize);

/// A file with more of one mark was not edited by us.
const MARKS_MAX: usize = 100;

/// The text without the mark `id`, and without our imports that nobody needs any more. None when the mark is not there
/// or cannot be taken out alone.
pub fn release(text: &str, id: &str) -> Option<String> {
    let needle = Mark::needle(id);
    if !text.contains(&needle) {
        return None;
    }
    let tree = parse(&language(), text)?;
    let mut cuts = Vec::new();
    for (count, (at, _)) in text.match_indices(&needle).enumerate() {
        if count == MARKS_MAX {
            return None;
        }
        if let Some(path) = path_to_skip(tree.root_node(), at, text) {
            cuts.extend(cuts_of(&path, text)?);
        }
    }
    if cuts.is_empty() {
        return None;
    }
    let without = cut(text, cuts);
    let parsed = parse(&language(), &without)?;
    let released = without_imports(&without, &parsed);
    let again = parse(&language(), &released)?;
    (errors(&again) <= errors(&tree)).then_some(released)
}

fn cut(text: &str, mut ranges: Vec<Cut>) -> String {
    ranges.sort_by_key(|range| range.0);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in ranges {
        out.push_str(&text[from..range.0.max(from)]);
        from = from.max(range.1);
    }
    out.push_str(&text[from..]);
    out
}

/// The nodes from the root down to the call of `skip` whose only argument holds `at`.
fn path_to_skip<'t>(root: Node<'t>, at: usize, text: &'t str) -> Option<Vec<Node<'t>>> {
    let mut path = vec![root];
    let mut cursor = root.walk();
    while cursor.goto_first_child_for_byte(at).is_some() {
        let node = cursor.node();
        if node.start_byte() > at {
            break;
        }
        path.push(node);
        if node.kind() == "string" {
            break;
        }
    }
    let string = path.pop().filter(|node| node.kind() == "string")?;
    let call = path.iter().rposition(|node| node.kind() == "call")?;
    let arguments = Arguments::of(path[call], text);
    let reason = arguments.get("reason", Some(0))? == string;
    let only = arguments.positional.len() + arguments.named.len() == 1;
    let named = dotted(callee(path[call]), text).is_some();
    path.truncate(call + 1);
    (reason && only && named).then_some(path)
}

fn cuts_of(path: &[Node<'_>], text: &str) -> Option<Vec<Cut>> {
    let (skip, around) = path.split_last()?;
    let cuts = match around {
        [.., decorator] if decorator.kind() == "decorator" => return lines(*decorator, *skip, text),
        [.., call, _, argument] if argument.kind() == "keyword_argument" => of_argument(*call, *argument, text)?,
        [.., call, _, argument, list] if matches!(list.kind(), "list" | "tuple") => {
            of_list(*call, *argument, *list, *skip, text)?
        }
        _ => return None,
    };
    // A comment that somebody put there since would be lost.
    let within = |range: &Cut| {
        let before = &text[range.0..skip.start_byte().clamp(range.0, range.1)];
        let after = &text[skip.end_byte().clamp(range.0, range.1)..range.1];
        !before.contains('#') && !after.contains('#')
    };
    cuts.iter().all(within).then_some(cuts)
}

/// The whole lines of a decorator. What stands behind it in its line is about the skip.
fn lines(decorator: Node<'_>, skip: Node<'_>, text: &str) -> Option<Vec<Cut>> {
    let end = next_line(text, skip.end_byte());
    let behind = text[skip.end_byte()..end].trim();
    let alone = first_in_line(text, decorator.start_byte()) && (behind.is_empty() || behind.starts_with('#'));
    let start = start_of_line(text, decorator.start_byte());
    alone.then(|| vec![(start, end)])
}

/// `marks=` of a `pytest.param` that we made, out of one value, a tuple or something to unpack.
fn of_argument(call: Node<'_>, argument: Node<'_>, text: &str) -> Option<Vec<Cut>> {
    let arguments = is_param(call, argument, text)?;
    let before = argument.prev_named_sibling()?;
    let behind_last = (before.end_byte(), argument.end_byte());
    if arguments.named.len() > 1 || arguments.spread {
        return Some(vec![behind_last]);
    }
    match arguments.positional.as_slice() {
        [only] if only.kind() == "list_splat" => {
            let value = values(*only).first().copied()?;
            Some(vec![(call.start_byte(), value.start_byte()), (value.end_byte(), call.end_byte())])
        }
        [only] => Some(vec![(call.start_byte(), only.start_byte()), (only.end_byte(), call.end_byte())]),
        [_, ..] => {
            let list = call.child_by_field_name("arguments")?;
            Some(vec![(call.start_byte(), list.start_byte()), behind_last])
        }
        [] => None,
    }
}

/// Our skip in a list of marks: alone or first in a list that we made, last in one that was there.
fn of_list(call: Node<'_>, argument: Node<'_>, list: Node<'_>, skip: Node<'_>, text: &str) -> Option<Vec<Cut>> {
    is_param(call, argument, text)?;
    let marks = values(list);
    let at = marks.iter().position(|mark| *mark == skip)?;
    let ours = list.kind() == "list";
    Some(match marks.as_slice() {
        [_] if ours => vec![(argument.prev_named_sibling()?.end_byte(), argument.end_byte())],
        [_, other] if at == 0 && ours => {
            vec![(list.start_byte(), other.start_byte()), (other.end_byte(), list.end_byte())]
        }
        _ if at == 0 => vec![(skip.start_byte(), marks.get(1)?.start_byte())],
        _ => vec![(marks[at - 1].end_byte(), skip.end_byte())],
    })
}

fn is_param<'t>(call: Node<'t>, argument: Node<'t>, text: &'t str) -> Option<Arguments<'t>> {
    let name = dotted(callee(call), text)?;
    let marks = argument.child_by_field_name("name").is_some_and(|name| of(name, text) == "marks");
    (call.kind() == "call" && marks && !name.is_empty()).then(|| Arguments::of(call, text))
}

/// Takes out our imports of names that are no longer used.
fn without_imports(text: &str, tree: &Tree) -> String {
    let mut cuts = Vec::new();
    for library in ["pytest", "unittest"] {
        let statements = children(tree.root_node()).into_iter();
        let ours: Vec<Node<'_>> = statements.filter(|node| uses::is_ours(*node, text, library)).collect();
        if !ours.is_empty() && !uses::needed(tree.root_node(), text, library) {
            let line = |node: Node<'_>| (start_of_line(text, node.start_byte()), next_line(text, node.end_byte()));
            cuts.extend(ours.into_iter().filter(|node| first_in_line(text, node.start_byte())).map(line));
        }
    }
    cut(text, cuts)
}
