//! The classes of a PHP file and their methods.

use std::rc::Rc;

use tree_sitter::{Node, Tree};

use crate::frameworks::finder::{child, line, named};
use crate::frameworks::syntax;

pub struct Class<'t> {
    pub name: &'t str,
    namespace: Rc<str>,
    pub line: usize,
    /// Abstract, or a trait: its tests run in other classes.
    pub shared: bool,
    pub methods: Vec<Method<'t>>,
}

impl<'t> Class<'t> {
    /// Whether a name, with or without the namespace, means this class.
    pub fn is(&self, name: &str) -> bool {
        match name.rsplit_once('\\') {
            Some((namespace, name)) => namespace == &*self.namespace && name == self.name,
            None => name == self.name,
        }
    }

    pub fn method(&self, name: &str) -> Option<&Method<'t>> {
        self.methods.iter().find(|method| method.name.eq_ignore_ascii_case(name))
    }
}

pub struct Method<'t> {
    pub name: &'t str,
    pub node: Node<'t>,
    pub body: Option<Node<'t>>,
    pub line: usize,
    pub test: bool,
    pub fixed: bool,
    /// The comment before it, where that documents it.
    pub doc: &'t str,
}

/// The classes and traits of a file, those of functions and expressions left out.
pub fn collect<'t>(tree: &'t Tree, text: &'t str) -> Vec<Class<'t>> {
    let mut classes = Vec::new();
    let mut namespace: Rc<str> = Rc::from("");
    let mut open = vec![tree.root_node()];
    while let Some(node) = open.pop() {
        match node.kind() {
            "class_declaration" | "trait_declaration" => classes.push(class(node, &namespace, text)),
            "expression_statement" | "function_definition" | "ERROR" => {}
            kind => {
                if kind == "namespace_definition" {
                    namespace = Rc::from(node.child_by_field_name("name").map_or("", |name| syntax::of(name, text)));
                }
                open.extend(named(node).into_iter().rev());
            }
        }
    }
    classes
}

fn class<'t>(node: Node<'t>, namespace: &Rc<str>, text: &'t str) -> Class<'t> {
    let mut methods = Vec::new();
    let mut doc = "";
    if let Some(body) = node.child_by_field_name("body") {
        let mut cursor = body.walk();
        for member in body.named_children(&mut cursor) {
            match member.kind() {
                "comment" => doc = syntax::of(member, text),
                "method_declaration" => methods.push(method(member, std::mem::take(&mut doc), text)),
                _ => doc = "",
            }
        }
    }
    let name = node.child_by_field_name("name");
    let shared = node.kind() == "trait_declaration" || child(node, "abstract_modifier").is_some();
    Class {
        name: name.map_or("", |name| syntax::of(name, text)),
        namespace: namespace.clone(),
        line: name.map_or(line(node), line),
        shared,
        methods,
    }
}

fn method<'t>(node: Node<'t>, doc: &'t str, text: &'t str) -> Method<'t> {
    let doc = if doc.starts_with("/**") { doc } else { "" };
    let name = node.child_by_field_name("name");
    let name_text = name.map_or("", |name| syntax::of(name, text));
    let marked = || attributes(node, text).iter().any(|(name, _)| *name == "Test");
    Method {
        name: name_text,
        node,
        body: node.child_by_field_name("body"),
        line: name.map_or(line(node), line),
        test: name_text.starts_with("test") || !tags(doc, "@test").is_empty() || marked(),
        fixed: child(node, "static_modifier").is_some(),
        doc,
    }
}

/// The attributes of a method: the last part of the name, and the arguments.
pub fn attributes<'t>(node: Node<'t>, text: &'t str) -> Vec<(&'t str, Option<Node<'t>>)> {
    let groups = child(node, "attribute_list").map(named).unwrap_or_default();
    let all = groups.into_iter().flat_map(named).filter(|attribute| attribute.kind() == "attribute");
    all.map(|attribute| {
        let name = named(attribute).first().map_or("", |name| syntax::of(*name, text));
        (name.rsplit('\\').next().unwrap_or(name), attribute.child_by_field_name("parameters"))
    })
    .collect()
}

/// The methods that a test depends on, their classes left out.
pub fn depends<'t>(method: &Method<'t>, text: &'t str) -> Vec<&'t str> {
    let mut names = tags(method.doc, "@depends");
    for (name, arguments) in attributes(method.node, text) {
        if let Some(last) = arguments.filter(|_| name.starts_with("Depends")).and_then(|all| named(all).pop()) {
            names.push(syntax::of(last, text).trim_matches(['\'', '"']));
        }
    }
    names.into_iter().filter_map(|name| name.rsplit([' ', ':']).next()).collect()
}

/// The words after each tag of this name in a doc comment; empty ones where nothing follows.
pub fn tags<'t>(doc: &'t str, tag: &str) -> Vec<&'t str> {
    let lines = doc.lines().map(|line| line.trim().trim_start_matches("/**").trim_start_matches('*').trim());
    lines
        .filter_map(|line| line.strip_prefix(tag))
        .filter(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        .map(|rest| rest.trim().trim_end_matches("*/").trim())
        .collect()
}
