//! Skips tests of `PHPUnit` by `markTestSkipped` at the beginning of their methods, and releases them.

mod classes;
mod names;
mod rows;
mod skip;

use std::ops::Range;

use tree_sitter::{Language, Tree};

use self::classes::{Class, Method};
use self::names::TestName;
use self::rows::{Key, Rows};
use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::finder::{self, Change, Finder, Found, counted, unfit};

pub struct PhpunitEditor;

impl Editor for PhpunitEditor {
    fn id(&self) -> &'static str {
        "phpunit"
    }

    fn endings(&self) -> &'static [&'static str] {
        &["php"]
    }

    fn reads(&self, path: &str) -> bool {
        path.ends_with("Test.php")
    }

    /// By the class, where the name has one.
    fn file_of(&self, name: &str) -> Option<String> {
        names::wanted(name).class_name().map(|class| format!("{class}.php"))
    }

    /// The method, or the class where the name has no method.
    fn needle(&self, name: &str) -> String {
        let wanted = names::wanted(name);
        wanted.method.or(wanted.class_name()).unwrap_or_default().to_owned()
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        if !source.text.contains("<?") {
            return Edited::Absent;
        }
        finder::quarantine(self, source, name, &self.needle(name), mark)
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        finder::release(self, source, id)
    }
}

impl Finder for PhpunitEditor {
    fn language(&self) -> Language {
        tree_sitter_php::LANGUAGE_PHP.into()
    }

    fn find(&self, source: &Source, tree: &Tree, name: &str, words: &str) -> Found {
        let text = &source.text;
        let classes = classes::collect(tree, text);
        let wanted = names::wanted(name);
        let hits = tests(&classes, &wanted);
        let lines = |lines: Vec<usize>| finder::several(name, &lines, "Name one with its namespace and class.");
        match hits[..] {
            [(class, method)] => by_method(class, method, &wanted, text, words),
            [] => match named(&classes, &wanted)[..] {
                [class] => by_class(class, text, words),
                [] => Found::Absent,
                ref more => lines(more.iter().map(|class| class.line).collect()),
            },
            _ => lines(hits.iter().map(|(_, method)| method.line).collect()),
        }
    }

    fn inserted(&self, text: &str, quoted: Range<usize>) -> Option<Range<usize>> {
        skip::inserted(text, quoted)
    }
}

/// The test methods that a name may mean.
fn tests<'a, 't>(classes: &'a [Class<'t>], wanted: &TestName<'_>) -> Vec<(&'a Class<'t>, &'a Method<'t>)> {
    let Some(name) = wanted.method else { return Vec::new() };
    let of_name = |method: &&Method<'_>| method.test && method.name == name;
    let fitting = classes.iter().filter(|class| wanted.class.is_none_or(|name| class.is(name)));
    fitting.flat_map(|class| class.methods.iter().filter(of_name).map(move |method| (class, method))).collect()
}

/// The classes that a name without a method may mean.
fn named<'a, 't>(classes: &'a [Class<'t>], wanted: &TestName<'_>) -> Vec<&'a Class<'t>> {
    let Some(name) = wanted.class.filter(|_| wanted.method.is_none()).or(wanted.bare()) else { return Vec::new() };
    let holds = |class: &&Class<'_>| class.is(name) && class.methods.iter().any(|method| method.test);
    classes.iter().filter(holds).collect()
}

fn by_method(class: &Class<'_>, method: &Method<'_>, wanted: &TestName<'_>, text: &str, words: &str) -> Found {
    let line = method.line;
    if let Some(found) = spoiled(class, method, text) {
        return found;
    }
    let rows = rows::rows(class, method, text);
    let key = match &wanted.set {
        Some(set) => match row(&rows, set, line) {
            Ok(key) => Some(key),
            Err(reason) => return unfit(reason),
        },
        None => None,
    };
    if let Some(by) = skip::skipped(method, key.as_ref(), text) {
        return Found::Already(by);
    }
    let insertion = match skip::insertion(method, key.as_ref(), text, words) {
        Ok(insertion) => insertion,
        Err(reason) => return unfit(reason),
    };
    let mut warnings: Vec<String> = inherited(class).into_iter().collect();
    if key.is_none() {
        warnings.extend(all_rows(&rows));
    }
    warnings.extend(dependents(class, method, text));
    let what = if key.is_some() { "One data set of the test method" } else { "The test method" };
    let because = format!("{what} on line {line} now calls `markTestSkipped`.");
    Found::Change(Change { insertions: vec![insertion], because, warnings })
}

/// What stands in the way of any edit of a method: its syntax, or a skip of its whole class.
fn spoiled(class: &Class<'_>, method: &Method<'_>, text: &str) -> Option<Found> {
    if method.node.has_error() {
        let line = method.line;
        return Some(unfit(format!("The test on line {line} does not parse. Fix its syntax, or skip it by hand.")));
    }
    let mut before = ["setUp", "setUpBeforeClass"].into_iter().filter_map(|name| class.method(name));
    before.find_map(|method| skip::skipped(method, None, text)).map(Found::Already)
}

/// The one literal key that a data set's name means.
fn row(rows: &Rows, set: &str, line: usize) -> Result<Key, String> {
    let keys = match rows {
        Rows::Known(keys) => &keys[..],
        Rows::None | Rows::Unknown => &[],
    };
    let mut fitting = keys.iter().filter(|key| key.is(set));
    match (fitting.next(), fitting.next()) {
        (Some(key), None) => Ok(key.clone()),
        (Some(_), Some(_)) => Err(format!(
            "Several data sets of the test on line {line} have this name. Name the method alone to skip them all."
        )),
        _ => Err(format!(
            "No provider in this class spells out this data set for the test on line {line}. Name the method \
             alone to skip all its data sets."
        )),
    }
}

/// How many data sets a whole method has.
fn all_rows(rows: &Rows) -> Option<String> {
    match rows {
        Rows::None => None,
        Rows::Known(keys) => Some(format!("This skips {} of the method.", counted(keys.len(), "data set"))),
        Rows::Unknown => Some("This skips all data sets of the method; this file does not tell how many.".to_owned()),
    }
}

/// `PHPUnit` skips the tests that depend on a skipped one.
fn dependents(class: &Class<'_>, method: &Method<'_>, text: &str) -> Option<String> {
    let depending = |other: &&Method<'_>| classes::depends(other, text).contains(&method.name);
    match class.methods.iter().filter(depending).count() {
        0 => None,
        count => Some(format!("PHPUnit also skips {} of this class that depend on it.", counted(count, "test method"))),
    }
}

/// Tests of abstract classes and traits run in other classes.
fn inherited(class: &Class<'_>) -> Option<String> {
    class
        .shared
        .then(|| "This class is abstract or a trait, so the test is skipped in every class that uses it.".to_owned())
}

fn by_class(class: &Class<'_>, text: &str, words: &str) -> Found {
    let line = class.line;
    let Some(set_up) = class.method("setUp").filter(|method| method.body.is_some()) else {
        return unfit(format!(
            "The class on line {line} has no `setUp` method that could skip all its tests. Name its test methods one \
             by one."
        ));
    };
    if let Some(found) = spoiled(class, set_up, text) {
        return found;
    }
    let insertion = match skip::insertion(set_up, None, text, words) {
        Ok(insertion) => insertion,
        Err(reason) => return unfit(reason),
    };
    let count = class.methods.iter().filter(|method| method.test).count();
    let mut warnings = vec![format!("This skips the whole class, with {}.", counted(count, "test method"))];
    warnings.extend(inherited(class));
    let because = format!("The `setUp` on line {} skips every test of the class on line {line}.", set_up.line);
    Found::Change(Change { insertions: vec![insertion], because, warnings })
}
