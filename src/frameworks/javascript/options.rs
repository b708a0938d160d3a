//! The options of a Vitest test, `it('…', { skip: true }, …)`, which go over what is chained to its function.

use super::bindings::inside;
use super::body::Context;
use super::words::{Runner, State};
use crate::frameworks::syntax;
use tree_sitter::Node;

/// What options say about skipping.
#[derive(Debug, PartialEq, Eq)]
pub struct Options {
    pub state: State,
    /// They have a `skip` that is not `true`: a `.skip` would have no effect.
    pub undoes_skip: bool,
}

/// Reads the objects among a call's arguments behind its title.
pub fn read(arguments: &[Node<'_>], context: Context<'_>) -> Options {
    let mut options = Options { state: State::Runs, undoes_skip: false };
    if context.dialect.runner != Runner::Vitest {
        return options;
    }
    for object in arguments.iter().filter(|node| node.kind() == "object") {
        for property in object.named_children(&mut object.walk()) {
            apply(&mut options, property, context.text);
        }
    }
    options
}

fn apply(options: &mut Options, property: Node<'_>, text: &str) {
    let key = match property.kind() {
        "shorthand_property_identifier" => syntax::of(property, text),
        _ => property.child_by_field_name("key").map_or("", |key| syntax::of(key, text)),
    };
    let key = if key.starts_with(['"', '\'']) { inside(key) } else { key };
    let value = property.child_by_field_name("value").map_or("", |value| syntax::of(value, text));
    match (key, value) {
        ("skip" | "todo", "true") => options.state = options.state.max(State::Skipped),
        ("only", "true") => options.state = options.state.max(State::Focused),
        ("skip", _) => options.undoes_skip = true,
        _ => {}
    }
}
