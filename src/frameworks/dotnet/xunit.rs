//! Skips tests of xUnit by the `Skip` property of their attributes, and releases them.

use std::ops::Range;

use tree_sitter::{Language, Tree};

use super::attributes::{self, Attribute};
use super::methods::{self, Declarations, Method};
use super::names::{self, TestName};
use super::values;
use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::finder::{self, Change, Finder, Found, counted, unfit};

pub struct XunitEditor;

impl Editor for XunitEditor {
    fn id(&self) -> &'static str {
        "xunit"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["cs", "csx"]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with(".cs")
    }

    /// Only a hint: C# does not tie classes to files.
    fn file_of(&self, name: &str) -> Option<String> {
        names::wanted(name).file()
    }

    fn needle(&self, name: &str) -> String {
        names::wanted(name).needle()
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        // Most files of C# hold no tests, and need not be parsed.
        if !["Fact", "Theory"].iter().any(|word| source.text.contains(word)) {
            return Edited::Absent;
        }
        finder::quarantine(self, source, name, &self.needle(name), mark)
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        finder::release(self, source, id)
    }
}

impl Finder for XunitEditor {
    fn language(&self) -> Language {
        tree_sitter_c_sharp::LANGUAGE.into()
    }

    fn parsable(&self, text: &str) -> bool {
        !methods::too_many_angles(text)
    }

    fn find(&self, source: &Source, tree: &Tree, name: &str, words: &str) -> Found {
        let text = &source.text;
        let all = methods::declarations(tree, text);
        let mut wanted = names::wanted(name);
        let mut hits = displayed(&all, &mut wanted, text);
        if hits.is_empty() {
            hits = all.methods_of(&wanted, |method| fact(&all, method).is_some());
        }
        match hits[..] {
            [hit] => judge(&all, &all.methods[hit], &wanted, text, words),
            [] => match all.classes_of(&wanted, |method| fact(&all, method).is_some()).first() {
                Some(class) => unfit(format!(
                    "xUnit cannot skip the whole class on line {}. Name its tests one at a time.",
                    all.classes[*class].line
                )),
                None => Found::Absent,
            },
            _ => {
                let lines: Vec<usize> = hits.iter().map(|hit| all.methods[*hit].line).collect();
                finder::several(name, &lines, "Give the namespace and class; overloads cannot be told apart.")
            }
        }
    }

    fn inserted(&self, text: &str, quoted: Range<usize>) -> Option<Range<usize>> {
        attributes::set_range(text, &quoted, "Skip")
    }
}

/// The attribute that makes a method a test of xUnit: `Fact`, `Theory`, or one that is derived from them.
fn fact<'a, 't>(all: &Declarations<'t>, method: &'a Method<'t>) -> Option<&'a Attribute<'t>> {
    method.attributes.iter().find(|attribute| match attribute.name {
        "Theory" => methods::theory_of_xunit(all, method, attribute),
        name => name.ends_with("Fact") || name.ends_with("Theory"),
    })
}

/// The tests whose `DisplayName` the name is, perhaps with arguments after it.
fn displayed(all: &Declarations<'_>, wanted: &mut TestName<'_>, text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let mut arguments = wanted.arguments;
    for (at, method) in all.methods.iter().enumerate() {
        let shown = fact(all, method).and_then(|fact| attributes::literal(fact.property("DisplayName", text)?));
        let Some(rest) = shown.filter(|shown| !shown.is_empty()).and_then(|shown| wanted.name.strip_prefix(&shown))
        else {
            continue;
        };
        if rest.is_empty() {
            found.push(at);
            arguments = None;
        } else if let Some(inner) = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            found.push(at);
            arguments = Some(inner);
        }
    }
    if !found.is_empty() {
        wanted.arguments = arguments;
        wanted.fixture = false;
    }
    found
}

fn judge(all: &Declarations<'_>, method: &Method<'_>, wanted: &TestName<'_>, text: &str, words: &str) -> Found {
    let line = method.line;
    if method.node.has_error() {
        return unfit(format!("The test on line {line} does not parse. Fix its syntax, or skip it by hand."));
    }
    let Some(fact) = fact(all, method) else { return Found::Absent };
    if let Some(by) = skipped(fact, text) {
        return Found::Already(by);
    }
    let mut warnings = Vec::new();
    if all.classes[method.class].is_abstract {
        warnings.push("This class is abstract, so the test is skipped in every class that derives from it.".to_owned());
    }
    let Some(printed) = wanted.arguments.filter(|arguments| !arguments.is_empty()) else {
        if fact.name.ends_with("Theory") {
            warnings.push(all_rows(method));
        }
        let because = format!("The test on line {line} is skipped by the `Skip` property of `[{}]`.", fact.name);
        return Found::Change(Change { insertions: vec![fact.set("Skip", words)], because, warnings });
    };
    match row(method, printed, text) {
        Ok(row) => skipped(row, text).map_or_else(|| by_row(row, words, warnings), Found::Already),
        Err(reason) => unfit(reason),
    }
}

fn by_row(row: &Attribute<'_>, words: &str, warnings: Vec<String>) -> Found {
    let line = finder::line(row.node);
    let because = format!("The row on line {line} is skipped by the `Skip` property of `[InlineData]`.");
    Found::Change(Change { insertions: vec![row.set("Skip", words)], because, warnings })
}

fn skipped(attribute: &Attribute<'_>, text: &str) -> Option<String> {
    let skip = attribute.property("Skip", text).filter(|skip| *skip != "null")?;
    Some(finder::already(skip, finder::line(attribute.node), "Skip"))
}

/// The row whose literal arguments are the printed ones.
fn row<'a, 't>(method: &'a Method<'t>, printed: &str, text: &'t str) -> Result<&'a Attribute<'t>, String> {
    let line = method.line;
    let rows = method.named("InlineData").into_iter();
    let mut fitting = rows.filter(|row| row.positional(text).is_some_and(|row| values::fit(&row, printed)));
    match (fitting.next(), fitting.next()) {
        (Some(row), None) => Ok(row),
        (Some(_), Some(_)) => Err(format!(
            "Several rows of the theory on line {line} have these arguments. Name the method alone to skip them all."
        )),
        _ => Err(format!(
            "No `[InlineData]` of the test on line {line} has exactly these arguments. Name the method alone to skip \
             all of its rows."
        )),
    }
}

/// How many rows a whole theory has.
fn all_rows(method: &Method<'_>) -> String {
    let literal = method.named("InlineData").len();
    if method.attributes.iter().any(|attribute| attribute.name.ends_with("Data") && attribute.name != "InlineData") {
        return "This skips all rows of the theory; this file does not tell how many.".to_owned();
    }
    format!("This skips the whole theory, with {}.", counted(literal, "row"))
}
