//! Skips tests of `NUnit` by `[Ignore]`, or by the `Ignore` property of one test case, and releases them.

use std::ops::Range;

use tree_sitter::{Language, Node, Tree};

use super::attributes::{self, Attribute};
use super::methods::{self, Class, Declarations, Method};
use super::names::{self, TestName};
use super::values;
use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::finder::{self, Change, Finder, Found, counted, unfit};
use crate::frameworks::syntax::{self, Insertion};

pub struct NunitEditor;

/// The length of `2031-01-01`.
const DAY: usize = 10;

impl Editor for NunitEditor {
    fn id(&self) -> &'static str {
        "nunit"
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
        if !["Test", "Theory"].iter().any(|word| source.text.contains(word)) {
            return Edited::Absent;
        }
        finder::quarantine(self, source, name, &self.needle(name), mark)
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        finder::release(self, source, id)
    }
}

impl Finder for NunitEditor {
    fn language(&self) -> Language {
        tree_sitter_c_sharp::LANGUAGE.into()
    }

    fn parsable(&self, text: &str) -> bool {
        !methods::too_many_angles(text)
    }

    fn find(&self, source: &Source, tree: &Tree, name: &str, words: &str) -> Found {
        let all = methods::declarations(tree, &source.text);
        if all.uses("TUnit") {
            return Found::Absent;
        }
        let work = Work { all: &all, wanted: names::wanted(name), text: &source.text, words };
        if let Some(found) = work.by_test_name() {
            return found;
        }
        let hits = all.methods_of(&work.wanted, |method| tests(&all, method).is_some());
        match hits[..] {
            [hit] => work.judge(&all.methods[hit]),
            [] => work.by_class(),
            _ => {
                let lines: Vec<usize> = hits.iter().map(|hit| all.methods[*hit].line).collect();
                finder::several(name, &lines, "Give the namespace and class; overloads cannot be told apart.")
            }
        }
    }

    fn inserted(&self, text: &str, quoted: Range<usize>) -> Option<Range<usize>> {
        attributes::set_range(text, &quoted, "Ignore").or_else(|| attribute_range(text, &quoted))
    }
}

/// The attribute that makes a method a test of `NUnit`.
fn tests<'a, 't>(all: &Declarations<'t>, method: &'a Method<'t>) -> Option<&'a Attribute<'t>> {
    method.attributes.iter().find(|attribute| match attribute.name {
        "Theory" => !methods::theory_of_xunit(all, method, attribute),
        "Test" | "TestCase" | "TestCaseSource" => !attribute.qualifier.contains("TUnit"),
        _ => false,
    })
}

/// One search in one file.
struct Work<'a, 't> {
    all: &'a Declarations<'t>,
    wanted: TestName<'a>,
    text: &'t str,
    words: &'a str,
}

impl<'t> Work<'_, 't> {
    /// The test case whose `TestName` the name ends with.
    fn by_test_name(&self) -> Option<Found> {
        let mut hits = Vec::new();
        for method in &self.all.methods {
            for row in method.named("TestCase") {
                let shown = row.property("TestName", self.text).and_then(attributes::literal);
                let rest =
                    shown.filter(|shown| !shown.is_empty()).and_then(|shown| self.wanted.name.strip_suffix(&shown));
                if rest.is_some_and(|rest| rest.is_empty() || self.is_class(method.class, rest)) {
                    hits.push((method, row));
                }
            }
        }
        match hits[..] {
            [] => None,
            [(method, row)] => Some(self.spoiled(method).unwrap_or_else(|| self.by_row(method, row))),
            _ => {
                let lines: Vec<usize> = hits.iter().map(|(_, row)| finder::line(row.node)).collect();
                Some(finder::several(self.wanted.name, &lines, "Name the method alone to skip all its cases."))
            }
        }
    }

    /// Whether `NS.Class.` is the path of a class.
    fn is_class(&self, class: usize, path: &str) -> bool {
        let path = path.strip_suffix('.').map(names::wanted);
        path.is_some_and(|path| self.all.is(class, &path.path).is_some())
    }

    fn judge(&self, method: &Method<'t>) -> Found {
        let line = method.line;
        if self.wanted.fixture {
            return unfit(format!(
                "The test on line {line} runs in a fixture with arguments and cannot be skipped for one fixture alone. \
                 Name it without the arguments to skip it in all fixtures."
            ));
        }
        if let Some(found) = self.spoiled(method) {
            return found;
        }
        match self.wanted.arguments.filter(|arguments| !arguments.is_empty()) {
            Some(printed) => match self.row(method, printed) {
                Ok(row) => self.by_row(method, row),
                Err(reason) => unfit(reason),
            },
            None => self.by_method(method),
        }
    }

    /// What stands in the way of any edit of a method: its syntax, or a skip of the whole method or class.
    fn spoiled(&self, method: &Method<'t>) -> Option<Found> {
        if method.node.has_error() {
            let line = method.line;
            return Some(unfit(format!("The test on line {line} does not parse. Fix its syntax, or skip it by hand.")));
        }
        let class = &self.all.classes[method.class];
        self.ignored(&method.attributes).or_else(|| self.ignored_class(class))
    }

    /// Who skips a method or class, by its attributes.
    fn ignored(&self, attributes: &[Attribute<'t>]) -> Option<Found> {
        let by = attributes.iter().find(|attribute| matches!(attribute.name, "Ignore" | "Explicit"))?;
        let line = finder::line(by.node);
        let ends = self.ends_before(by, line);
        Some(ends.unwrap_or_else(|| Found::Already(finder::already(syntax::of(by.node, self.text), line, by.name))))
    }

    /// An `Ignore` that ends before the quarantine would. A second one beside it does not compile.
    fn ends_before(&self, ignore: &Attribute<'t>, line: usize) -> Option<Found> {
        let said = ignore.property("Until", self.text).and_then(attributes::literal)?;
        let day = said.get(..DAY)?;
        let (_, wanted) = self.words.split_once(" until=")?;
        let is_day = |day: &str| day.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        (is_day(day) && day < wanted.get(..DAY)?).then(|| {
            unfit(format!(
                "The `Ignore` on line {line} ends on {day}, and the test runs from then on. Change its `Until` by hand, \
                 or remove it first."
            ))
        })
    }

    /// Who skips a class, by the attributes of any of its parts.
    fn ignored_class(&self, class: &Class<'t>) -> Option<Found> {
        self.all.classes.iter().filter(|part| part.same(class)).find_map(|part| self.ignored(&part.attributes))
    }

    fn by_method(&self, method: &Method<'t>) -> Found {
        let Some(test) = tests(self.all, method) else { return Found::Absent };
        let mut warnings: Vec<String> = derived(&self.all.classes[method.class]).into_iter().collect();
        let cases = method.named("TestCase").len();
        if method.attributes.iter().any(|attribute| matches!(attribute.name, "TestCaseSource" | "Theory")) {
            warnings.push("This skips all cases of the method; this file does not tell how many.".to_owned());
        } else if cases > 0 {
            warnings.push(format!("This skips {} of the method.", counted(cases, "test case")));
        }
        let because = format!("The test on line {} is skipped by `[Ignore]`.", method.line);
        let insertion = self.above(method.node, test.qualifier);
        Found::Change(Change { insertions: vec![insertion], because, warnings })
    }

    fn by_row(&self, method: &Method<'t>, row: &Attribute<'t>) -> Found {
        let line = finder::line(row.node);
        if let Some(by) = skipped_row(row, self.text) {
            return self.ends_before(row, line).unwrap_or(Found::Already(by));
        }
        let because = format!("The test case on line {line} is skipped by its `Ignore` property.");
        let warnings = derived(&self.all.classes[method.class]).into_iter().collect();
        Found::Change(Change { insertions: vec![row.set("Ignore", self.words)], because, warnings })
    }

    fn by_class(&self) -> Found {
        let hits = self.all.classes_of(&self.wanted, |method| tests(self.all, method).is_some());
        let Some(class) = hits.first().map(|hit| &self.all.classes[*hit]) else { return Found::Absent };
        if !hits.iter().all(|hit| self.all.classes[*hit].same(class)) {
            let lines: Vec<usize> = hits.iter().map(|hit| self.all.classes[*hit].line).collect();
            return finder::several(self.wanted.name, &lines, "Give the namespace.");
        }
        if let Some(found) = self.ignored_class(class) {
            return found;
        }
        if self.wanted.fixture || self.wanted.arguments.is_some() {
            return unfit(format!(
                "The fixture on line {} has arguments and cannot be skipped for some of them alone. Name it without \
                 the arguments to skip it whole.",
                class.line
            ));
        }
        let methods = self.all.methods.iter().filter(|method| hits.contains(&method.class));
        let found: Vec<&Attribute<'t>> = methods.filter_map(|method| tests(self.all, method)).collect();
        let mut warnings = vec![format!("This skips the whole class, with {}.", counted(found.len(), "test method"))];
        if class.partial {
            warnings.push("The class is partial: its tests in other files are skipped too.".to_owned());
        }
        warnings.extend(derived(class));
        let because = format!("The class on line {} is skipped by `[Ignore]`.", class.line);
        let insertion = self.above(class.node, found.first().map_or("", |test| test.qualifier));
        Found::Change(Change { insertions: vec![insertion], because, warnings })
    }

    /// The test case whose literal arguments are the printed ones.
    fn row<'m>(&self, method: &'m Method<'t>, printed: &str) -> Result<&'m Attribute<'t>, String> {
        let line = method.line;
        let rows = method.named("TestCase").into_iter();
        let mut fitting = rows.filter(|row| {
            let shown = row.property("TestName", self.text).is_some();
            !shown && row.positional(self.text).is_some_and(|row| values::fit(&row, printed))
        });
        match (fitting.next(), fitting.next()) {
            (Some(row), None) => Ok(row),
            (Some(_), Some(_)) => Err(format!(
                "Several cases of the test on line {line} have these arguments. Name the method alone to skip them all."
            )),
            _ => Err(format!(
                "No `[TestCase]` of the test on line {line} has exactly these arguments. Name the method alone to \
                 skip all of its cases."
            )),
        }
    }

    /// `[Ignore]` above a declaration's first attribute, on a line of its own where that begins one.
    fn above(&self, declaration: Node<'t>, qualifier: &str) -> Insertion {
        let at = methods::first_attribute(declaration).start_byte();
        let attribute = format!("[{qualifier}Ignore(\"{}\")]", self.words);
        if !syntax::first_in_line(self.text, at) {
            return Insertion { at, text: format!("{attribute} ") };
        }
        let indent = self.text[syntax::line_start(self.text, at)..at].trim_start_matches('\u{feff}');
        Insertion { at, text: format!("{attribute}{}{indent}", syntax::line_end(self.text)) }
    }
}

/// Tests of abstract classes run in other classes.
fn derived(class: &Class<'_>) -> Option<String> {
    class
        .is_abstract
        .then(|| "This class is abstract, so the test is skipped in every class that derives from it.".to_owned())
}

/// Who skips one test case, by its properties.
fn skipped_row(row: &Attribute<'_>, text: &str) -> Option<String> {
    let mut properties = ["Ignore", "IgnoreReason", "Explicit"].into_iter();
    let (name, value) = properties.find_map(|name| Some((name, row.property(name, text)?)))?;
    (value != "null" && value != "false").then(|| finder::already(value, finder::line(row.node), name))
}

/// The `[Ignore("…")]` that holds the quoted mark, with its line where it stands alone on one.
fn attribute_range(text: &str, quoted: &Range<usize>) -> Option<Range<usize>> {
    let before = text[..quoted.start].strip_suffix("Ignore(")?;
    let qualifier = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | ':');
    let start = before.trim_end_matches(qualifier).strip_suffix('[')?.len();
    let end = quoted.end + text[quoted.end..].starts_with(")]").then_some(2)?;
    let next = syntax::next_line(text, end);
    if !text[end..next].trim().is_empty() {
        return text[end..].starts_with(' ').then(|| start..end + 1);
    }
    let line = syntax::line_start(text, start);
    let marked = if text[line..].starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    syntax::first_in_line(text, start).then(|| line + marked..next)
}
