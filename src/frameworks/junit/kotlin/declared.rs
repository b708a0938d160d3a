//! The classes and methods of a Kotlin file, with their annotations.

use super::annotations::Annotations;
use super::types::printed;
use crate::frameworks::junit::annotations::title;
use crate::frameworks::junit::find::{Class, Declared, Method, Outer};
use crate::frameworks::junit::imports::Imports;
use crate::frameworks::marking::children;
use crate::frameworks::syntax::of as text_of;
use tree_sitter::Node;

pub fn of<'tree>(text: &str, root: Node<'tree>, imports: &Imports) -> Declared<'tree> {
    let all = Annotations::of(text, imports);
    let package = child(root, "package_header").and_then(|header| header.named_child(0));
    let mut declared = Declared::default();
    let mut pending = vec![(root, Outer::package(package.map_or("", |name| text_of(name, text))))];
    while let Some((body, outer)) = pending.pop() {
        for node in children(body) {
            match (node.kind(), outer.class) {
                ("function_declaration", Some(class)) => {
                    let (annotations, start) = all.of_declaration(node);
                    let (name, title) = (name(node, text), title(&annotations));
                    let (types, is_internal) = (types(node, text), is_internal(node, text));
                    declared.methods.push(Method { node, start, class, name, title, annotations, types, is_internal });
                }
                ("class_declaration" | "object_declaration" | "companion_object", _) => {
                    let body = child(node, "class_body").or_else(|| child(node, "enum_class_body"));
                    let inner = declared.add(class(node, &outer, text, &all));
                    pending.extend(body.and_then(|body| Some((body, inner?))));
                }
                _ => {}
            }
        }
    }
    declared.sorted()
}

fn class<'tree>(node: Node<'tree>, outer: &Outer, text: &str, all: &Annotations<'_>) -> Class<'tree> {
    let (annotations, start) = all.of_declaration(node);
    let title = title(&annotations);
    let bases = child(node, "delegation_specifiers").map(children).unwrap_or_default();
    let bases = bases.iter().map(|base| text_of(*base, text).split(['(', '{', '<']).next().unwrap_or("").trim());
    Class {
        node,
        start,
        outer: outer.class,
        path: outer.within(name(node, text), title),
        bases: bases.map(str::to_owned).collect(),
        is_named: node.child_by_field_name("name").is_none_or(|name| !name.is_missing()),
        is_whole: child(node, "class_body").is_some_and(|body| !body.is_missing()),
        annotations,
    }
}

fn is_internal(node: Node<'_>, text: &str) -> bool {
    let modifiers = child(node, "modifiers").map(children).unwrap_or_default();
    modifiers.iter().any(|modifier| text_of(*modifier, text) == "internal")
}

/// A name without its backticks; a companion has one even where none is written.
fn name(node: Node<'_>, text: &str) -> String {
    let name = node.child_by_field_name("name").map_or("Companion", |name| text_of(name, text));
    name.trim_matches('`').to_owned()
}

fn child<'tree>(node: Node<'tree>, kind: &str) -> Option<Node<'tree>> {
    children(node).into_iter().find(|child| child.kind() == kind)
}

fn types(method: Node<'_>, text: &str) -> Vec<String> {
    let Some(parameters) = child(method, "function_value_parameters") else { return Vec::new() };
    let mut is_vararg = false;
    let mut types = Vec::new();
    for node in children(parameters) {
        match node.kind() {
            "parameter_modifiers" => is_vararg = text_of(node, text).split_whitespace().any(|word| word == "vararg"),
            "parameter" => {
                let kind = children(node).last().map_or("", |kind| text_of(*kind, text));
                types.push(printed(kind, std::mem::take(&mut is_vararg)));
            }
            _ => {}
        }
    }
    types
}
