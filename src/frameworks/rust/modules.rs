//! Modules whose text stands in a file that `#[path]` names.

use crate::frameworks::syntax::{of, parse};
use tree_sitter::Node;

/// Modules nested deeper are not looked into.
const DEPTH_MAX: usize = 32;

/// `#[path = "x.rs"] mod name;`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The inline modules around it.
    pub inside: Vec<String>,
    pub name: String,
    pub path: String,
}

/// Those of a file; none where it is too large to parse.
pub fn declared(text: &str) -> Vec<Declared> {
    let Some(tree) = parse(&tree_sitter_rust::LANGUAGE.into(), text) else { return Vec::new() };
    let mut found = Vec::new();
    look(text, tree.root_node(), &mut Vec::new(), &mut found);
    found
}

fn look(text: &str, node: Node<'_>, inside: &mut Vec<String>, found: &mut Vec<Declared>) {
    if inside.len() >= DEPTH_MAX {
        return;
    }
    let mut path = None;
    for child in node.children(&mut node.walk()) {
        match child.kind() {
            "attribute_item" => path = path_of(of(child, text)).or(path),
            "line_comment" | "block_comment" => {}
            "mod_item" => {
                let name = child.child_by_field_name("name").map_or("", |name| of(name, text));
                let name = name.strip_prefix("r#").unwrap_or(name).to_owned();
                if let Some(body) = child.child_by_field_name("body") {
                    inside.push(name);
                    look(text, body, inside, found);
                    inside.pop();
                } else if let Some(path) = path.take() {
                    found.push(Declared { inside: inside.clone(), name, path });
                }
                path = None;
            }
            _ => path = None,
        }
    }
}

/// `#[path = "x.rs"]`, also within `cfg_attr`.
fn path_of(attribute: &str) -> Option<String> {
    let inside = attribute.trim_start_matches(['#', '[', ' ']);
    let at = if inside.starts_with("path") { 0 } else { inside.find(", path").map(|at| at + 2)? };
    let value = inside[at..].strip_prefix("path")?.trim_start().strip_prefix('=')?.trim_start();
    let value = value.trim_start_matches('r').trim_start_matches('#').strip_prefix('"')?;
    value.split_once('"').map(|(path, _)| path.to_owned()).filter(|path| !path.is_empty())
}
