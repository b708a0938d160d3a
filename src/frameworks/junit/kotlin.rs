//! Kotlin, with the annotations of JUnit or of `kotlin.test`; a Kotest spec is refused with a word.

mod annotations;
mod declared;
mod kotest;
mod lexer;
mod types;

use super::annotations::Annotation;
use super::edit::{Jvm, quarantine, without};
use super::find::Declared;
use super::imports::{Import, Imports};
use super::name::{file_of, needle, without_module};
use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::marking::{NAME_MAX, children, only_mark};
use crate::frameworks::syntax::of;
use std::borrow::Cow;
use tree_sitter::{Language, Node};

pub struct KotlinEditor;

impl Editor for KotlinEditor {
    fn id(&self) -> &'static str {
        "junit"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["kt"]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".kt")
    }

    fn file_of(&self, name: &str) -> Option<String> {
        file_of(name, "kt").filter(|file| file.len() <= NAME_MAX)
    }

    fn needle(&self, name: &str) -> String {
        without_module(name).map_or_else(|| needle(name), |name| needle(&name))
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        quarantine(self, source, name, mark)
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        let text = source.text.as_str();
        let at = only_mark(text, id)?;
        let annotations = annotations::of(text);
        let annotation = annotations.iter().find(|annotation| annotation.range.contains(&at))?;
        let is_skip = matches!(annotation.simple(), "Disabled" | "Ignore") && is_ours(text, annotation, at);
        is_skip.then(|| without(text, annotation.range.clone()))?
    }
}

/// Whether all that an annotation holds is the mark at the offset: `@Disabled("mark")` or `@Ignore /* mark */`.
fn is_ours(text: &str, annotation: &Annotation, at: usize) -> bool {
    match annotation.arguments.as_slice() {
        [] => text[..at].ends_with(" /* "),
        [one] => one.key == "value" && text[..at].ends_with("(\"") && text[at - 1..].starts_with(&one.text),
        _ => false,
    }
}

impl Jvm for KotlinEditor {
    fn language(&self) -> Language {
        tree_sitter_kotlin_ng::LANGUAGE.into()
    }

    fn imports(&self, text: &str, root: Node<'_>) -> Imports {
        let mut imports = Imports::default();
        for node in children(root) {
            match node.kind() {
                "import" => {
                    let words = of(node, text).trim_start_matches("import").trim_end_matches(';');
                    match words.split_once(" as ") {
                        None => imports.add(words.split_whitespace().collect()),
                        Some((path, name)) => imports
                            .all
                            .push(Import { path: path.split_whitespace().collect(), name: name.trim().to_owned() }),
                    }
                }
                "class_declaration" | "object_declaration" => {
                    imports.own.extend(node.child_by_field_name("name").map(|name| of(name, text).to_owned()));
                }
                _ => {}
            }
        }
        imports
    }

    fn readable<'text>(&self, text: &'text str) -> Cow<'text, str> {
        annotations::blanked(text)
    }

    fn declared<'tree>(&self, text: &str, root: Node<'tree>, imports: &Imports) -> Declared<'tree> {
        declared::of(text, root, imports)
    }

    fn foreign(&self, text: &str, declared: &Declared<'_>, name: &str) -> Option<Edited> {
        kotest::refusal(text, declared, name)
    }
}
