//! Annotations of a Java file and what its imports make of their names.

use crate::frameworks::marking::{children, visit};
use crate::frameworks::syntax::of;
use tree_sitter::Node;

/// What runs a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    Jupiter,
    Four,
    TestNg,
}

impl Runner {
    fn of_path(path: &str) -> Option<Self> {
        match path {
            path if path.starts_with("org.junit.jupiter.") => Some(Self::Jupiter),
            path if path.starts_with("org.junit.") => Some(Self::Four),
            path if path.starts_with("org.testng.") => Some(Self::TestNg),
            _ => None,
        }
    }

    /// The annotation that skips: its package and its name.
    pub fn skip(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Jupiter => Some(("org.junit.jupiter.api", "Disabled")),
            Self::Four => Some(("org.junit", "Ignore")),
            Self::TestNg => None,
        }
    }
}

/// The imports of a file, `org.junit.Test` or `org.junit.*`, and the types that it declares itself.
pub struct Imports {
    paths: Vec<String>,
    own: Vec<String>,
}

impl Imports {
    pub fn of(text: &str, root: Node<'_>) -> Self {
        let mut paths = Vec::new();
        let mut own = Vec::new();
        visit(root, &mut |node| {
            match node.kind() {
                "import_declaration" => {
                    let words = of(node, text).trim_start_matches("import").trim_end_matches(';').split_whitespace();
                    let words = words.collect::<Vec<_>>();
                    if words.first() != Some(&"static") {
                        paths.push(words.concat());
                    }
                }
                kind if kind.ends_with("_declaration") && kind != "method_declaration" => {
                    own.extend(node.child_by_field_name("name").map(|name| of(name, text).to_owned()));
                }
                _ => {}
            }
            matches!(node.kind(), "program" | "class_declaration" | "class_body")
        });
        Self { paths, own }
    }

    /// The whole name that a short one stands for, as far as the imports say.
    pub fn resolve(&self, name: &str) -> Option<String> {
        if name.contains('.') {
            return Some(name.split_whitespace().collect());
        }
        if self.own.iter().any(|own| own == name) {
            return None;
        }
        let explicit = self.paths.iter().find(|path| path.rsplit('.').next() == Some(name));
        let known = |path: &&String| Runner::of_path(path).is_some() && path.ends_with(".*");
        let wildcard = || {
            let mut packages = self.paths.iter().filter(known).map(|path| path.trim_end_matches('*'));
            packages.find(|package| declares(package, name)).map(|package| format!("{package}{name}"))
        };
        explicit.cloned().or_else(wildcard)
    }

    /// What runs a test with this annotation; by the file's other imports when the annotation is not known.
    pub fn runner(&self, annotation: &str) -> Option<Runner> {
        let resolved = self.resolve(annotation);
        resolved.and_then(|path| Runner::of_path(&path)).or_else(|| self.any_runner())
    }

    /// What runs the tests of this file, judged by all its imports.
    pub fn any_runner(&self) -> Option<Runner> {
        let runners = self.paths.iter().filter_map(|path| Runner::of_path(path)).collect::<Vec<_>>();
        [Runner::Jupiter, Runner::Four, Runner::TestNg].into_iter().find(|runner| runners.contains(runner))
    }
}

/// Whether a package, of those that `JUnit` and `TestNG` have, has an annotation of this name that matters here.
fn declares(package: &str, name: &str) -> bool {
    match package {
        "org.junit." => matches!(name, "Test" | "Ignore"),
        "org.junit.jupiter.api." => {
            matches!(
                name,
                "Test" | "Disabled" | "Nested" | "DisplayName" | "RepeatedTest" | "TestFactory" | "TestTemplate"
            )
        }
        "org.junit.jupiter.params." => name == "ParameterizedTest",
        "org.testng.annotations." => name == "Test",
        _ => false,
    }
}

/// The annotations of a method or class.
pub fn annotations(declaration: Node<'_>) -> Vec<Node<'_>> {
    let modifiers = children(declaration).into_iter().find(|child| child.kind() == "modifiers");
    let all = modifiers.map(children).unwrap_or_default();
    all.into_iter().filter(|node| matches!(node.kind(), "annotation" | "marker_annotation")).collect()
}

/// The name of an annotation as it is written.
pub fn name<'a>(annotation: Node<'_>, text: &'a str) -> &'a str {
    annotation.child_by_field_name("name").map_or("", |name| of(name, text))
}

/// The last part of an annotation's name.
pub fn simple<'a>(annotation: Node<'_>, text: &'a str) -> &'a str {
    name(annotation, text).rsplit('.').next().unwrap_or("").trim()
}

/// The text of `@DisplayName("…")`.
pub fn title(annotations: &[Node<'_>], text: &str) -> Option<String> {
    let annotation = annotations.iter().find(|annotation| simple(**annotation, text) == "DisplayName")?;
    let mut given = annotation.child_by_field_name("arguments")?.named_child(0)?;
    if given.kind() == "element_value_pair" {
        given = given.child_by_field_name("value")?;
    }
    let literal = of(given, text).strip_prefix('"').filter(|_| given.kind() == "string_literal")?;
    unescaped(literal.strip_suffix('"')?)
}

/// The text that a string literal's inside stands for.
fn unescaped(inside: &str) -> Option<String> {
    let mut out = String::new();
    let mut characters = inside.chars();
    while let Some(c) = characters.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match characters.next()? {
            'n' => '\n',
            't' => '\t',
            'u' => {
                let digits = characters.by_ref().skip_while(|c| *c == 'u').take(4).collect::<String>();
                char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
            }
            c => c,
        });
    }
    Some(out)
}
