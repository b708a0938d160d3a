//! Java: its classes, methods, annotations and imports, and how an annotation is taken out again.

use super::annotations::{Annotation, Argument, title};
use super::edit::{Jvm, quarantine, without};
use super::find::{Class, Declared, Method, Outer};
use super::imports::Imports;
use super::name::{file_of, needle, simple_type};
use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::marking::{NAME_MAX, children, only_mark, visit};
use crate::frameworks::syntax::{of, parse};
use tree_sitter::{Language, Node};

pub struct JavaEditor;

impl Editor for JavaEditor {
    fn id(&self) -> &'static str {
        "junit"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["java"]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".java")
    }

    fn file_of(&self, name: &str) -> Option<String> {
        file_of(name, "java").filter(|file| file.len() <= NAME_MAX)
    }

    fn needle(&self, name: &str) -> String {
        needle(name)
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        quarantine(self, source, name, mark)
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        let text = source.text.as_str();
        let at = only_mark(text, id)?;
        let tree = parse(&self.language(), text)?;
        let node = annotation_at(tree.root_node(), at)?;
        let name = of(node.child_by_field_name("name")?, text);
        matches!(name.rsplit('.').next(), Some("Disabled" | "Ignore")).then_some(())?;
        without(text, node.byte_range())
    }
}

/// The annotation whose only text begins at the offset.
fn annotation_at(root: Node<'_>, at: usize) -> Option<Node<'_>> {
    let mut literal = root.descendant_for_byte_range(at, at + 1)?;
    if literal.kind() == "string_fragment" {
        literal = literal.parent()?;
    }
    let begins = literal.kind() == "string_literal" && literal.start_byte() + 1 == at;
    let arguments = literal.parent().filter(|node| begins && node.kind() == "annotation_argument_list")?;
    arguments.parent().filter(|node| node.kind() == "annotation" && arguments.named_child_count() == 1)
}

impl Jvm for JavaEditor {
    fn language(&self) -> Language {
        tree_sitter_java::LANGUAGE.into()
    }

    fn imports(&self, text: &str, root: Node<'_>) -> Imports {
        let mut imports = Imports::default();
        visit(root, &mut |node| {
            match node.kind() {
                "import_declaration" => {
                    let words = of(node, text).trim_start_matches("import").trim_end_matches(';').split_whitespace();
                    let words = words.collect::<Vec<_>>();
                    if words.first() != Some(&"static") {
                        imports.add(words.concat());
                    }
                }
                kind if kind.ends_with("_declaration") && kind != "method_declaration" => {
                    imports.own.extend(node.child_by_field_name("name").map(|name| of(name, text).to_owned()));
                }
                _ => {}
            }
            matches!(node.kind(), "program" | "class_declaration" | "class_body")
        });
        imports
    }

    fn declared<'tree>(&self, text: &str, root: Node<'tree>, _imports: &Imports) -> Declared<'tree> {
        let package = children(root).into_iter().find(|node| node.kind() == "package_declaration");
        let package = package.and_then(|package| children(package).into_iter().next_back());
        let mut declared = Declared::default();
        let mut pending = vec![(root, Outer::package(package.map_or("", |name| of(name, text))))];
        while let Some((body, outer)) = pending.pop() {
            for node in children(body) {
                let (annotations, start) = (annotations(node, text), node.start_byte());
                let name = node.child_by_field_name("name").map_or("", |name| of(name, text)).to_owned();
                let title = title(&annotations);
                match (node.kind(), outer.class) {
                    ("method_declaration", Some(class)) => {
                        let types = types(node, text);
                        declared.methods.push(Method {
                            node,
                            start,
                            class,
                            name,
                            title,
                            annotations,
                            types,
                            is_internal: false,
                        });
                    }
                    ("class_declaration" | "interface_declaration" | "record_declaration", _) => {
                        let body = node.child_by_field_name("body");
                        let base = node.child_by_field_name("superclass").map(|base| of(base, text).to_owned());
                        let named = node.child_by_field_name("name").is_some_and(|name| !name.is_missing());
                        let inner = declared.add(Class {
                            node,
                            start,
                            outer: outer.class,
                            path: outer.within(name, title),
                            annotations,
                            bases: base.into_iter().collect(),
                            is_named: named,
                            is_whole: body.is_some_and(|body| !body.is_missing()),
                        });
                        pending.extend(body.and_then(|body| Some((body, inner?))));
                    }
                    _ => {}
                }
            }
        }
        declared.sorted()
    }
}

/// The annotations of a method or class.
fn annotations(declaration: Node<'_>, text: &str) -> Vec<Annotation> {
    let modifiers = children(declaration).into_iter().find(|child| child.kind() == "modifiers");
    let all = modifiers.map(children).unwrap_or_default();
    let all = all.into_iter().filter(|node| matches!(node.kind(), "annotation" | "marker_annotation"));
    all.map(|node| annotation(node, text)).collect()
}

fn annotation(node: Node<'_>, text: &str) -> Annotation {
    let name = node.child_by_field_name("name").map_or("", |name| of(name, text)).to_owned();
    let given = node.child_by_field_name("arguments").map(children).unwrap_or_default();
    let arguments = given.into_iter().filter(is_no_comment).map(|node| {
        let value = node.child_by_field_name("value").unwrap_or(node);
        let is_array = value.kind() == "element_value_array_initializer";
        Argument {
            key: node.child_by_field_name("key").map_or("value", |key| of(key, text)).to_owned(),
            text: of(value, text).to_owned(),
            values: Some(if is_array { children(value).iter().filter(|node| is_no_comment(node)).count() } else { 1 }),
        }
    });
    Annotation { range: node.byte_range(), name, arguments: arguments.collect() }
}

fn is_no_comment(node: &Node<'_>) -> bool {
    !node.kind().ends_with("comment")
}

/// The types of a method's parameters, as they are printed.
fn types(method: Node<'_>, text: &str) -> Vec<String> {
    let parameters = method.child_by_field_name("parameters").map(children).unwrap_or_default();
    let of_parameter = |parameter: &Node<'_>| {
        let kind = parameter.child_by_field_name("type").map(|kind| of(kind, text).to_owned());
        match parameter.kind() {
            "formal_parameter" => kind,
            "spread_parameter" => {
                let kind = children(*parameter).into_iter().find(|child| child.kind() != "modifiers")?;
                Some(format!("{}...", of(kind, text)))
            }
            _ => None,
        }
    };
    parameters.iter().filter_map(of_parameter).map(|kind| simple_type(&kind)).collect()
}
