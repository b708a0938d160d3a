//! What sums up a run: Surefire's lists (`Failed tests:`, `Tests in error:`, `[ERROR] Failures:`), `TestNG`'s
//! `FAILED: test`, the tree of JUnit's own console. They count where no test was named when it failed.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static HEADING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[\w+\] )?\s*(?:Failed tests|Tests in error|Failures|Errors): *(.*)$").expect("a pattern")
});
/// A name between backticks: the JVM allows all but a few signs. Parentheses behind it without a space are of parameters.
const SPACED: &str = r"\w(?:(?:[^.;:/\\\[\]<>()»]| \([^()]*\))*?(?:[^.;:/\\\[\]<>()»\s]| \([^()]*\)))??";
/// `test(package.Class): why`, up to Surefire 2.12. What has spaces counts before a whole class name: a message may too.
static OLD: LazyLock<Regex> = LazyLock::new(|| {
    let test = format!(r"(?:(\w+(?:\[.*?\])?)\(((?:\w+\.)*[A-Z][\w$]*)\)|({SPACED})\(((?:\w+\.)+[A-Z][\w$]*)\))");
    Regex::new(&format!(r"^(?:\[\w+\] )?\s*(?:Run \d+: )?{test}(?:[:\s].*)?$")).expect("a pattern")
});
/// `Class.test:12 why`, `Class>Base.test:12->helper:34 » Exception`.
static NEW: LazyLock<Regex> = LazyLock::new(|| {
    let class = r"((?:[a-z]\w*\.)*[A-Z][\w$]*)(?:>[\w$]+)?";
    let test = format!(r"({SPACED}(?:\[.*?\])?)(?:\(.*?\))?");
    Regex::new(&format!(r"^(?:\[\w+\] )?\s*(?:Run \d+: )?{class}\.{test}(?::\d+|->| »).*$")).expect("a pattern")
});
static TESTNG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^FAILED: ((?:[\w$]+\.)*[\w$]+)(?:\(.*\))?$").expect("a pattern"));
static SOURCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^MethodSource \[className = '([\w.$]+)', methodName = '([^']+)'").expect("a pattern")
});

#[derive(Default)]
pub struct Summary {
    names: Names,
    /// Below a heading.
    listing: bool,
    /// What `TestNG` would print, which others print too.
    testng: Names,
    is_testng: bool,
}

impl Summary {
    /// Answers whether the next line is wanted.
    pub fn line(&mut self, line: &str) -> bool {
        let captures = |pattern: &'static Regex, begins: bool| begins.then(|| pattern.captures(line)).flatten();
        if let Some(found) = captures(&HEADING, line.contains(':')) {
            self.listing = true;
            // The oldest begin the list beside the heading.
            self.listed(&found[1]);
        } else if self.listing && !self.listed(line) {
            // A message may be longer than a line: the list ends at an empty one.
            self.listing = !line.trim_start_matches("[ERROR]").trim().is_empty() && !line.contains("Tests run:");
        } else if let Some(found) = captures(&TESTNG, line.starts_with("FAILED: ")) {
            self.testng.add("testng", &found[1], None);
        } else if let Some(found) = captures(&SOURCE, line.contains("MethodSource [")) {
            self.add(&found[1], &found[2]);
        }
        self.is_testng |= line.contains("TestNG") || line.trim_start().starts_with("Total tests run:");
        self.listing
    }

    fn listed(&mut self, line: &str) -> bool {
        if let Some(found) = OLD.captures(line) {
            let at = if found.get(1).is_some() { 1 } else { 3 };
            self.add(&found[at + 1], &found[at]);
        } else if let Some(found) = NEW.captures(line) {
            self.add(&found[1], &found[2]);
        } else {
            return false;
        }
        true
    }

    fn add(&mut self, class: &str, test: &str) {
        let method = test.split('[').next().unwrap_or(test);
        self.names.add_selected("junit", &format!("{test}({class})"), Some(&format!("{class}#{method}")), None);
    }

    pub fn finish(self) -> Names {
        if self.names.total == 0 && self.is_testng { self.testng } else { self.names }
    }
}
