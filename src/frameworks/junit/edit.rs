//! JUnit tests are skipped by `@Disabled("…")` (5) or `@Ignore("…")` (4) above the method or class, those of
//! `kotlin.test` by its `@Ignore`, which takes no reason: the mark is a comment behind it.

use super::annotations::Annotation;
use super::find::{Class, Declared, Meant, Method};
use super::imports::{Imports, Runner};
use super::rows;
use crate::domain::edit::{Edited, Mark, Source};
use crate::domain::text::short;
use crate::frameworks::edit::Editor;
use crate::frameworks::marking::{Draft, NAME_MAX, already_at, line_number, lines, refused, reversible};
use crate::frameworks::syntax::{
    Insertion, errors, first_in_line, indent, insert, line_end, line_start, next_line, parse,
};
use std::borrow::Cow;
use std::ops::Range;
use tree_sitter::{Language, Node, Tree};

/// What a language of the JVM adds to the common way of editing.
pub trait Jvm: Editor {
    fn language(&self) -> Language;
    /// What the grammar is to read: the text, byte for byte, without what it trips over.
    fn readable<'text>(&self, text: &'text str) -> Cow<'text, str> {
        Cow::Borrowed(text)
    }
    fn imports(&self, text: &str, root: Node<'_>) -> Imports;
    fn declared<'tree>(&self, text: &str, root: Node<'tree>, imports: &Imports) -> Declared<'tree>;
    /// Why a name cannot be skipped that means a test of another framework.
    fn foreign(&self, _text: &str, _declared: &Declared<'_>, _name: &str) -> Option<Edited> {
        None
    }
}

/// Skips the test or class that the name means.
pub fn quarantine(jvm: &impl Jvm, source: &Source, name: &str, mark: &Mark) -> Edited {
    let text = source.text.as_str();
    if name.len() > NAME_MAX {
        return Edited::Absent;
    }
    let Some(tree) = parsed(jvm, text) else {
        return refused("The file is too large to edit safely; skip the test by hand.");
    };
    let imports = jvm.imports(text, tree.root_node());
    let declared = jvm.declared(text, tree.root_node(), &imports);
    let file = File { text, imports, declared };
    if let Some(refusal) = jvm.foreign(text, &file.declared, name) {
        return refusal;
    }
    match file.plan(name) {
        Ok(plan) => {
            let text = file.annotated(plan.at, plan.skip, &mark.words());
            let draft = Draft { text, because: plan.because, warnings: plan.warnings };
            let is_sound = parsed(jvm, &draft.text).is_some_and(|after| errors(&after) <= errors(&tree));
            reversible(jvm, source, &mark.id, draft, is_sound)
        }
        Err(edited) => edited,
    }
}

fn parsed(jvm: &impl Jvm, text: &str) -> Option<Tree> {
    parse(&jvm.language(), &jvm.readable(text))
}

/// The text without an annotation, and without its line where it has one of its own.
pub fn without(text: &str, annotation: Range<usize>) -> Option<String> {
    let (start, end) = (annotation.start, annotation.end);
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

/// The annotation that skips with this runner: package and name.
fn skip_of(runner: Option<Runner>) -> Result<Skip, Edited> {
    let Some(runner) = runner else {
        return Err(refused("The file imports neither JUnit 4 nor JUnit 5, so it is unclear how to skip."));
    };
    let by_hand = "This is a TestNG test, which has no skip annotation; set `enabled = false` in its @Test by hand.";
    runner.skip().map(|path| Skip { runner, path }).ok_or_else(|| refused(by_hand))
}

/// The annotation that skips, with its package.
#[derive(Clone, Copy)]
struct Skip {
    runner: Runner,
    path: &'static str,
}

struct File<'text, 'tree> {
    text: &'text str,
    imports: Imports,
    declared: Declared<'tree>,
}

/// What is to be written above what.
struct Plan {
    at: usize,
    skip: Skip,
    because: Vec<String>,
    warnings: Vec<String>,
}

type Wish = Result<Plan, Edited>;

impl<'tree> File<'_, 'tree> {
    fn plan(&self, name: &str) -> Wish {
        match self.declared.find(name) {
            Meant::Nothing => Err(Edited::Absent),
            Meant::Several(nodes) => Err(refused(format!(
                "The name matches several methods or classes, on lines {}; give the class and the types of the \
                 parameters, as in `Class.method(String)`.",
                lines(self.text, &nodes)
            ))),
            Meant::Method(method) => self.method(method, false),
            Meant::Row(method) => self.method(method, true),
            Meant::Class(class) => self.class(class),
        }
    }

    fn method(&self, method: &Method<'tree>, row: bool) -> Wish {
        let around = self.declared.around(method.class);
        let Some(test) = method.test() else {
            return Err(no_test(method, around[0]));
        };
        let skip = skip_of(self.imports.runner(&test.name))?;
        let inherited = self.declared.skipped_with(method.class);
        let all = std::iter::once(&method.annotations).chain(inherited.iter().map(|class| &class.annotations));
        self.not_skipped(skip, all)?;
        let name = short(&method.name);
        if row {
            return Err(refused(format!(
                "The name is one run of {name}, and runs cannot be skipped alone; name {name} to skip all of them."
            )));
        }
        if method.node.has_error()
            || !around[0].is_whole
            || method.node.prev_sibling().is_some_and(|before| before.is_error())
        {
            return Err(refused("The test does not parse, so it cannot be edited safely; fix its syntax first."));
        }
        let mut warnings = rows::warning(&method.annotations).into_iter().collect::<Vec<_>>();
        if around.iter().any(|class| self.is_parametrised(class)) {
            warnings.push("Its class runs once for each set of parameters: this skips all of these runs.".to_owned());
        }
        let line = line_number(self.text, method.start);
        let because = vec![format!("{name} is the test method on line {line}."), self.how(skip)];
        Ok(Plan { at: method.start, skip, because, warnings })
    }

    fn class(&self, class: &Class<'tree>) -> Wish {
        let test = self.declared.methods_in(class).find_map(|method| method.test());
        let runner = test.and_then(|test| self.imports.runner(&test.name));
        let skip = skip_of(runner.or_else(|| self.imports.any_runner()))?;
        let own = self.declared.classes.iter().position(|other| other.node.id() == class.node.id());
        let inherited = own.map(|own| self.declared.skipped_with(own)).unwrap_or_default();
        self.not_skipped(skip, inherited.iter().map(|class| &class.annotations))?;
        if !class.is_named || class.node.prev_sibling().is_some_and(|before| before.is_error()) {
            return Err(refused("The class does not parse, so it cannot be edited safely; fix its syntax first."));
        }
        let tests = self.declared.methods_in(class).filter(|method| method.test().is_some());
        let warning = match tests.count() {
            0 => "The class defines no test itself: this skips all the tests that it inherits.".to_owned(),
            1 => "This skips its one test.".to_owned(),
            tests => format!("This skips all {tests} tests of the class."),
        };
        let line = line_number(self.text, class.start);
        let because = vec![format!("This is the class on line {line}."), self.how(skip)];
        Ok(Plan { at: class.start, skip, because, warnings: vec![warning] })
    }

    fn not_skipped<'a>(
        &self,
        skip: Skip,
        annotations: impl Iterator<Item = &'a Vec<Annotation>>,
    ) -> Result<(), Edited> {
        let is_skip = |annotation: &&Annotation| {
            self.imports.resolve(&annotation.name).is_some_and(|path| skip.runner.is_skipped_by(&path))
        };
        let found = annotations.flatten().find(is_skip);
        found.map_or(Ok(()), |annotation| Err(already_at(self.text, annotation.range.clone())))
    }

    fn is_parametrised(&self, class: &Class<'_>) -> bool {
        class.annotations.iter().any(|annotation| {
            let whole = &self.text[annotation.range.clone()];
            annotation.simple() == "ParameterizedClass"
                || ["Parameterized.class", "Parameterized::class"].iter().any(|runner| whole.contains(runner))
        })
    }

    /// The annotation as it is to be written: short when it is imported, so that no import has to change.
    fn annotation(&self, skip: Skip) -> &'static str {
        let name = skip.path.rsplit('.').next().unwrap_or(skip.path);
        if self.imports.resolve(name).is_some_and(|path| path == skip.path) { name } else { skip.path }
    }

    fn how(&self, skip: Skip) -> String {
        let annotation = self.annotation(skip);
        format!("Skipped with @{annotation}, which needs no change to the imports.")
    }

    /// The text with the annotation above the declaration at the offset, or before it when it does not begin its line.
    fn annotated(&self, at: usize, skip: Skip, words: &str) -> String {
        let behind = if first_in_line(self.text, at) {
            format!("{}{}", line_end(self.text), indent(self.text, at))
        } else {
            " ".to_owned()
        };
        let annotation = self.annotation(skip);
        let marked = match skip.runner {
            Runner::KotlinTest => format!("@{annotation} /* {words} */"),
            _ => format!("@{annotation}(\"{words}\")"),
        };
        insert(self.text, vec![Insertion { at, text: format!("{marked}{behind}") }])
    }
}

/// What is said of a method without a test annotation.
fn no_test(method: &Method<'_>, class: &Class<'_>) -> Edited {
    let is_old = class.bases.iter().any(|base| base.ends_with("TestCase"));
    if method.name.starts_with("test") && is_old {
        return refused("This is a JUnit 3 test, which cannot be skipped; move it to JUnit 4 or rename the method.");
    }
    refused("The method with this name has no test annotation; check the name.")
}
