//! Go tests are skipped by `t.Skip("…")` at the beginning of their body.

use super::find::{Miss, RUNS_MAX, Scope, find, runs, suite_type};
use super::name::{Name, is_test, parse as parse_name, quoted};
use super::place::{Skip, guard, put, statements, take};
use super::table::rows;
use crate::domain::edit::{Edited, Mark, Source};
use crate::domain::text::short;
use crate::frameworks::edit::Editor;
use crate::frameworks::marking::{
    Draft, NAME_MAX, already, checked, children, line_number, mark_in, only_mark, refused,
};
use crate::frameworks::syntax::{of, parse};
use tree_sitter::{Language, Node};

pub struct GoEditor;

fn language() -> Language {
    tree_sitter_go::LANGUAGE.into()
}

impl Editor for GoEditor {
    fn id(&self) -> &'static str {
        "go"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["go"]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with("_test.go")
    }

    fn file_of(&self, _name: &str) -> Option<String> {
        None
    }

    fn needle(&self, name: &str) -> String {
        let Some(name) = parse_name(name) else {
            return name.trim().to_owned();
        };
        // A suite's method may be in another file than the function that runs the suite.
        let method = name.rest.as_deref().and_then(|rest| rest.split('/').next()).filter(|method| is_test(method));
        method.map_or(name.test.clone(), str::to_owned)
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        let text = source.text.as_str();
        let Some(name) = Some(name).filter(|name| name.len() <= NAME_MAX).and_then(parse_name) else {
            return Edited::Absent;
        };
        let Some(tree) = parse(&language(), text) else {
            return refused("The file is too large to edit safely; skip the test by hand.");
        };
        let root = tree.root_node();
        if !in_package(source, root, &name) {
            return Edited::Absent;
        }
        let scopes = match find(text, root, &name) {
            Ok(scopes) => scopes,
            Err(Miss::Absent) => return Edited::Absent,
            Err(Miss::Refused(reason)) => return refused(reason),
        };
        if let Some(skip) = scopes.iter().find_map(|scope| skipped(text, scope)) {
            return already(text, skip);
        }
        let scope = &scopes[scopes.len() - 1];
        if scopes.iter().any(|scope| scope.function.has_error()) {
            return refused("The test does not parse, so it cannot be edited safely; fix its syntax first.");
        }
        let guard = scope.shared.then(|| quoted(&scope.full));
        let skip = Skip { on: scope.on.clone(), guard, words: mark.words() };
        let draft = Draft {
            text: put(text, scope.body, &skip),
            because: because(text, scope),
            warnings: warnings(text, scope),
        };
        checked(self, &language(), source, &tree, &mark.id, draft)
    }

    /// One `-skip` pattern; each level of a name is matched by itself, with `_` for spaces (pkg.go.dev/cmd/go, 1.20).
    fn leave_out(&self, names: &[String]) -> Option<String> {
        let level = |level: &str| format!("^{}$", regex::escape(&level.replace(' ', "_")));
        let one = |name: &String| name.split('/').map(level).collect::<Vec<_>>().join("/");
        Some(format!("-skip={}\n", names.iter().map(one).collect::<Vec<_>>().join("|")))
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        let at = only_mark(&source.text, id)?;
        let tree = parse(&language(), &source.text)?;
        take(&source.text, &tree, at)
    }
}

/// Whether the file may be of the package that the name gives: by its folder, or by its package clause.
fn in_package(source: &Source, root: Node<'_>, name: &Name) -> bool {
    let Some(package) = &name.package else {
        return true;
    };
    let mut parts = package.rsplit('/').filter(|part| !is_version(part));
    let last = parts.next().unwrap_or("");
    let folder = source.path.rsplit('/').nth(1);
    let clause = children(root).into_iter().find(|node| node.kind() == "package_clause");
    let clause = clause.and_then(|clause| clause.named_child(0)).map_or("", |name| of(name, &source.text));
    let clause = clause.strip_suffix("_test").unwrap_or(clause);
    folder.is_none_or(|folder| folder == last) || clause == last || clause == "main"
}

/// The `v2` at the end of an import path.
fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

/// The statement that skips this test already: ours, or one that stands first in its body.
fn skipped<'tree>(text: &str, scope: &Scope<'tree>) -> Option<Node<'tree>> {
    for statement in statements(scope.body) {
        if statement.kind() == "comment" {
            continue;
        }
        if let Some(name) = guard(statement, text) {
            if name == quoted(&scope.full) && mark_in(of(statement, text)).is_some() {
                return Some(statement);
            }
            continue;
        }
        match called(text, scope, statement) {
            Some("Skip" | "Skipf" | "SkipNow") => return Some(statement),
            Some("Parallel" | "Helper") => {}
            _ => return None,
        }
    }
    None
}

/// The method that a statement calls on the test itself.
fn called<'a>(text: &'a str, scope: &Scope<'_>, statement: Node<'_>) -> Option<&'a str> {
    let function = statement.named_child(0)?.child_by_field_name("function")?;
    let on = of(function.child_by_field_name("operand")?, text);
    let ours = statement.kind() == "expression_statement" && on == scope.on;
    ours.then(|| function.child_by_field_name("field").map(|field| of(field, text))).flatten()
}

fn because(text: &str, scope: &Scope<'_>) -> Vec<String> {
    let line = line_number(text, scope.body.start_byte());
    let name = short(&scope.full);
    let found = format!("{name} is run by the body that starts on line {line}.");
    let how = if scope.shared {
        format!("Other tests share this body, so only this one is skipped by name, with {}.Skip.", scope.on)
    } else {
        format!("Skipped with {}.Skip as its first statement.", scope.on)
    };
    vec![found, how]
}

fn warnings(text: &str, scope: &Scope<'_>) -> Vec<String> {
    let mut warnings = Vec::new();
    if scope.suite {
        warnings.push("SetupTest and TearDownTest of the suite still run around the skipped test.".to_owned());
    }
    if suite_type(text, scope.body, &scope.on).is_some() {
        warnings.push("The test runs a suite: this skips every test of the suite.".to_owned());
    }
    if !scope.followed {
        let unsure = "The table's rows could not be followed; check after a run that the subtest was skipped.";
        warnings.push(unsure.to_owned());
    }
    let runs = runs(text, scope);
    let (mut known, mut unknown) = (0, false);
    for (number, run) in runs.iter().enumerate() {
        match Some(run).filter(|_| number < RUNS_MAX).and_then(|run| rows(text, scope.function, run)) {
            Some(rows) => known += rows.count,
            None if run.around.is_none() => known += 1,
            None => unknown = true,
        }
    }
    match (known, unknown) {
        (0, false) => {}
        (0, true) => warnings.push("This also skips its subtests; how many is not known.".to_owned()),
        (1, false) => warnings.push("This also skips its one subtest.".to_owned()),
        (known, false) => warnings.push(format!("This also skips its {known} subtests.")),
        (known, true) => warnings.push(format!("This also skips at least {known} subtests.")),
    }
    warnings
}
