//! The function of a call, such as `it.concurrent.each(table)`: what it makes, and where `.skip` belongs.

use std::ops::Range;

use tree_sitter::Node;

use super::bindings::{Binding, Bindings};
use super::words::{Dialect, Kind, Runner, State};
use crate::frameworks::syntax;

/// Nobody chains more than this.
const LINKS_MAX: usize = 16;

/// A call's function, understood.
#[derive(Clone, Debug)]
pub struct Callee<'t> {
    pub kind: Kind,
    pub state: State,
    /// The arguments of `each` or `for`.
    pub table: Option<Node<'t>>,
    /// Where `.skip` is put in.
    pub skip_at: usize,
    /// The `.skip` that stands there already, with its dot.
    pub skip: Option<Range<usize>>,
    /// `.skip` cannot be chained here: a statement in the body skips.
    pub skips_in_body: bool,
    /// What the chain begins with.
    pub base: Range<usize>,
    /// The parser did not understand what one of the links is given.
    pub broken: bool,
    /// The module that the function comes from, when it is not the framework's.
    pub from: Option<String>,
}

enum Link<'t> {
    Member { name: Node<'t>, object_end: usize },
    Call(Node<'t>),
}

/// Understands a call's function. None when it is not the framework's, or makes neither tests nor groups.
pub fn callee<'t>(function: Node<'t>, text: &str, dialect: &Dialect, bindings: &Bindings) -> Option<Callee<'t>> {
    let (base, links) = unwind(function)?;
    let mut links = links.into_iter().rev().peekable();
    let mut callee = match bindings.get(syntax::of(base, text))? {
        Binding::Function { kind, state, from } => begin(base, *kind, *state, from.clone()),
        Binding::Namespace => {
            let Some(Link::Member { name, .. }) = links.next() else { return None };
            let word = dialect.word(syntax::of(name, text))?;
            let begun = begin(base, word.kind, word.state, None);
            Callee { skip_at: name.end_byte(), base: base.start_byte()..name.end_byte(), ..begun }
        }
    };
    while let Some(link) = links.next() {
        let Link::Member { name, object_end } = link else { return None };
        let word = syntax::of(name, text);
        if takes_arguments(word, dialect) {
            let Some(Link::Call(arguments)) = links.next() else { return None };
            callee.broken |= arguments.has_error();
            apply_call(&mut callee, word, arguments, text, dialect);
        } else {
            apply_member(&mut callee, word, object_end, name.end_byte(), dialect)?;
        }
    }
    Some(callee)
}

fn begin(base: Node<'_>, kind: Kind, state: State, from: Option<String>) -> Callee<'_> {
    Callee {
        kind,
        state,
        table: None,
        skip_at: base.end_byte(),
        skip: None,
        skips_in_body: false,
        base: base.byte_range(),
        broken: false,
        from,
    }
}

/// The links of a chain from the last to the first, and the identifier it begins with.
fn unwind(function: Node<'_>) -> Option<(Node<'_>, Vec<Link<'_>>)> {
    let mut node = function;
    let mut links = Vec::new();
    for _ in 0..LINKS_MAX {
        match node.kind() {
            "identifier" => return Some((node, links)),
            "member_expression" => {
                let object = node.child_by_field_name("object")?;
                links.push(Link::Member { name: node.child_by_field_name("property")?, object_end: object.end_byte() });
                node = object;
            }
            "call_expression" => {
                links.push(Link::Call(node.child_by_field_name("arguments")?));
                node = node.child_by_field_name("function")?;
            }
            // The grammar reads a table behind type arguments so: `it.each<Row>` and a missing `!`.
            "non_null_expression" | "instantiation_expression" => node = node.named_child(0)?,
            _ => return None,
        }
    }
    None
}

fn takes_arguments(word: &str, dialect: &Dialect) -> bool {
    let conditional = dialect.skip_is_chainable() && ["skipIf", "runIf"].contains(&word);
    let deriving = dialect.derives() && ["extend", "scoped", "override"].contains(&word);
    conditional || deriving || dialect.tables.contains(&word)
}

fn apply_call<'t>(callee: &mut Callee<'t>, word: &str, arguments: Node<'t>, text: &str, dialect: &Dialect) {
    if dialect.tables.contains(&word) {
        callee.table = Some(arguments);
        return;
    }
    let condition = syntax::of(arguments, text).trim_matches(['(', ')', ' ']);
    if (word, condition) == ("skipIf", "true") || (word, condition) == ("runIf", "false") {
        callee.state = callee.state.max(State::Skipped);
    }
    // `describe.skip.skipIf(false)` forgets the skip: what a call answers is what must be skipped.
    callee.skip_at = arguments.end_byte();
}

fn apply_member(
    callee: &mut Callee<'_>,
    word: &str,
    object_end: usize,
    name_end: usize,
    dialect: &Dialect,
) -> Option<()> {
    match word {
        "skip" => {
            callee.state = callee.state.max(State::Skipped);
            callee.skip.get_or_insert(object_end..name_end);
        }
        "only" => callee.state = callee.state.max(State::Focused),
        "todo" if !dialect.groups_are_members() => callee.state = callee.state.max(State::Skipped),
        "fixme" if dialect.groups_are_members() => callee.state = callee.state.max(State::Skipped),
        "describe" if dialect.groups_are_members() && callee.kind == Kind::Test => {
            callee.kind = Kind::Group;
            callee.skip_at = name_end;
        }
        // Jest has `it.concurrent.skip`, not `it.skip.concurrent`.
        "concurrent" if matches!(dialect.runner, Runner::Jest | Runner::Vitest) => {
            if callee.skip_at == object_end {
                callee.skip_at = name_end;
            }
        }
        _ if dialect.modifiers.contains(&word) => callee.skips_in_body |= dialect.groups_are_members(),
        _ => return None,
    }
    Some(())
}
