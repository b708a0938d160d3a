//! `JUnit` tests are skipped by `@Disabled("…")` (5) or `@Ignore("…")` (4) above the method or class.

use super::find::{Class, Declared, Meant, Method};
use super::imports::{Imports, Runner, name as annotation_name, simple};
use super::name::{file_of, needle};
use super::rows;
use crate::domain::edit::{Edited, Mark, Source};
use crate::domain::text::short;
use crate::frameworks::edit::Editor;
use crate::frameworks::marking::{Draft, NAME_MAX, already, checked, line_number, lines, only_mark, refused};
use crate::frameworks::syntax::{Insertion, first_in_line, indent, insert, line_end, line_start, next_line, of, parse};
use tree_sitter::{Language, Node};

pub struct JunitEditor;

fn language() -> Language {
    tree_sitter_java::LANGUAGE.into()
}

impl Editor for JunitEditor {
    fn id(&self) -> &'static str {
        "junit"
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".java")
    }

    fn file_of(&self, name: &str) -> Option<String> {
        file_of(name).filter(|file| file.len() <= NAME_MAX)
    }

    fn needle(&self, name: &str) -> String {
        needle(name)
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        let text = source.text.as_str();
        if name.len() > NAME_MAX {
            return Edited::Absent;
        }
        let Some(tree) = parse(&language(), text) else {
            return refused("The file is too large to edit safely; skip the test by hand.");
        };
        let file =
            File { text, imports: Imports::of(text, tree.root_node()), declared: Declared::of(text, tree.root_node()) };
        let wish = match file.declared.find(text, name) {
            Meant::Nothing => return Edited::Absent,
            Meant::Several(nodes) => {
                return refused(format!(
                    "The name matches several methods or classes, on lines {}; give the class and the types of the \
                     parameters, as in `Class.method(String)`.",
                    lines(text, &nodes)
                ));
            }
            Meant::Method(method) => file.method(method, false),
            Meant::Row(method) => file.method(method, true),
            Meant::Class(class) => file.class(class),
        };
        match wish {
            Ok(plan) => {
                let text = file.annotated(plan.declaration, &plan.annotation, &mark.words());
                let draft = Draft { text, because: plan.because, warnings: plan.warnings };
                checked(self, &language(), source, &tree, &mark.id, draft)
            }
            Err(edited) => edited,
        }
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        let text = source.text.as_str();
        let at = only_mark(text, id)?;
        let tree = parse(&language(), text)?;
        let annotation = annotation_at(tree.root_node(), at)?;
        if !matches!(simple(annotation, text), "Disabled" | "Ignore") {
            return None;
        }
        let (start, end) = (annotation.start_byte(), annotation.end_byte());
        let next = next_line(text, end);
        if !first_in_line(text, start) || !text[end..next].trim().is_empty() {
            return Some(format!("{}{}", &text[..start], text[end..].strip_prefix(' ')?));
        }
        let indent = indent(text, start);
        let from = line_start(text, start);
        // A byte order mark before the annotation stays.
        let kept = text[from..start].trim_end_matches([' ', '\t']);
        let after = if kept.is_empty() { &text[next..] } else { text[next..].strip_prefix(indent)? };
        Some(format!("{}{kept}{after}", &text[..from]))
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

/// The annotation that skips with this runner: package and name.
fn skip_of(runner: Option<Runner>) -> Result<(&'static str, &'static str), Edited> {
    let Some(runner) = runner else {
        return Err(refused("The file imports neither JUnit 4 nor JUnit 5, so it is unclear how to skip."));
    };
    let by_hand = "This is a TestNG test, which has no skip annotation; set `enabled = false` in its @Test by hand.";
    runner.skip().ok_or_else(|| refused(by_hand))
}

struct File<'text, 'tree> {
    text: &'text str,
    imports: Imports,
    declared: Declared<'tree>,
}

/// What is to be written above what.
struct Plan<'tree> {
    declaration: Node<'tree>,
    annotation: String,
    because: Vec<String>,
    warnings: Vec<String>,
}

type Wish<'tree> = Result<Plan<'tree>, Edited>;

impl<'tree> File<'_, 'tree> {
    fn method(&self, method: &Method<'tree>, row: bool) -> Wish<'tree> {
        let around = self.declared.around(method.class);
        let Some(test) = method.test(self.text) else {
            return Err(self.no_test(method, around[0]));
        };
        let skip = skip_of(self.imports.runner(annotation_name(test, self.text)))?;
        let inherited = self.declared.skipped_with(method.class, self.text);
        let all = std::iter::once(&method.annotations).chain(inherited.iter().map(|class| &class.annotations));
        self.not_skipped(skip, all)?;
        let name = short(&method.name);
        if row {
            return Err(refused(format!(
                "The name is one run of {name}, and runs cannot be skipped alone; name {name} to skip all of them."
            )));
        }
        let broken = around[0].node.child_by_field_name("body").is_none_or(|body| body.is_missing());
        if method.node.has_error() || broken || method.node.prev_sibling().is_some_and(|before| before.is_error()) {
            return Err(refused("The test does not parse, so it cannot be edited safely; fix its syntax first."));
        }
        let mut warnings = rows::warning(&method.annotations, self.text).into_iter().collect::<Vec<_>>();
        if around.iter().any(|class| self.is_parametrised(class)) {
            warnings.push("Its class runs once for each set of parameters: this skips all of these runs.".to_owned());
        }
        let line = line_number(self.text, method.node.start_byte());
        let because = vec![format!("{name} is the test method on line {line}."), self.how(skip)];
        Ok(Plan { declaration: method.node, annotation: self.annotation(skip), because, warnings })
    }

    fn class(&self, class: &Class<'tree>) -> Wish<'tree> {
        let test = self.declared.methods_in(class, self.text).find_map(|method| method.test(self.text));
        let runner = test.and_then(|test| self.imports.runner(annotation_name(test, self.text)));
        let skip = skip_of(runner.or_else(|| self.imports.any_runner()))?;
        let own = self.declared.classes.iter().position(|other| other.node.id() == class.node.id());
        let inherited = own.map(|own| self.declared.skipped_with(own, self.text)).unwrap_or_default();
        self.not_skipped(skip, inherited.iter().map(|class| &class.annotations))?;
        let head = class.node.child_by_field_name("name").is_none_or(|name| name.is_missing());
        if head || class.node.prev_sibling().is_some_and(|before| before.is_error()) {
            return Err(refused("The class does not parse, so it cannot be edited safely; fix its syntax first."));
        }
        let tests = self.declared.methods_in(class, self.text).filter(|method| method.test(self.text).is_some());
        let warning = match tests.count() {
            0 => "The class defines no test itself: this skips all the tests that it inherits.".to_owned(),
            1 => "This skips its one test.".to_owned(),
            tests => format!("This skips all {tests} tests of the class."),
        };
        let line = line_number(self.text, class.node.start_byte());
        let because = vec![format!("This is the class on line {line}."), self.how(skip)];
        Ok(Plan { declaration: class.node, annotation: self.annotation(skip), because, warnings: vec![warning] })
    }

    fn not_skipped<'a>(
        &self,
        (package, name): (&str, &str),
        annotations: impl Iterator<Item = &'a Vec<Node<'tree>>>,
    ) -> Result<(), Edited>
    where
        'tree: 'a,
    {
        let whole = format!("{package}.{name}");
        let is_skip = |node: &&Node<'_>| {
            self.imports.resolve(annotation_name(**node, self.text)).is_some_and(|path| path == whole)
        };
        annotations.flatten().find(is_skip).map_or(Ok(()), |node| Err(already(self.text, *node)))
    }

    fn no_test(&self, method: &Method<'_>, class: &Class<'_>) -> Edited {
        let base = class.node.child_by_field_name("superclass").map_or("", |base| of(base, self.text));
        if method.name.starts_with("test") && base.ends_with("TestCase") {
            return refused(
                "This is a JUnit 3 test, which cannot be skipped; move it to JUnit 4 or rename the method.",
            );
        }
        refused("The method with this name has no test annotation; check the name.")
    }

    fn is_parametrised(&self, class: &Class<'_>) -> bool {
        class.annotations.iter().any(|annotation| {
            simple(*annotation, self.text) == "ParameterizedClass"
                || of(*annotation, self.text).contains("Parameterized.class")
        })
    }

    /// The annotation as it is to be written: short when it is imported, so that no import has to change.
    fn annotation(&self, (package, name): (&str, &str)) -> String {
        let whole = format!("{package}.{name}");
        if self.imports.resolve(name).is_some_and(|path| path == whole) { name.to_owned() } else { whole }
    }

    fn how(&self, skip: (&str, &str)) -> String {
        let annotation = self.annotation(skip);
        format!("Skipped with @{annotation}, which needs no change to the imports.")
    }

    /// The text with the annotation above the declaration, or before it when it does not begin its line.
    fn annotated(&self, declaration: Node<'_>, annotation: &str, words: &str) -> String {
        let at = declaration.start_byte();
        let behind = if first_in_line(self.text, at) {
            format!("{}{}", line_end(self.text), indent(self.text, at))
        } else {
            " ".to_owned()
        };
        insert(self.text, vec![Insertion { at, text: format!("@{annotation}(\"{words}\"){behind}") }])
    }
}
