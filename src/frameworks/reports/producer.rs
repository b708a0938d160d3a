//! JUnit's XML has one form and many producers. Where the producer can be told, a test is named as its log names it, so
//! that history knows the two for one.

use super::Case;
use regex::Regex;
use std::sync::LazyLock;

static GO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:Test|Example|Fuzz|Benchmark)(?:$|[A-Z0-9_/])\S*$").expect("a pattern"));

/// The case with its name, from the suite's name, the class and the test.
pub fn named(suite: &str, class: &str, name: &str, case: Case) -> Case {
    if suite.starts_with("pytest") && !class.is_empty() {
        return Case { framework: "pytest", name: node(class, name, case.file.as_deref()), ..case };
    }
    // gotestsum and go-junit-report: the class is the package.
    if GO.is_match(name) && class.contains('/') {
        let selector = Some(crate::frameworks::go::selector(name));
        return Case { framework: "go", name: name.to_owned(), selector, ..case };
    }
    let full = match class {
        "" => name.to_owned(),
        // Jest's reporter says the whole title twice.
        class if class == name => name.to_owned(),
        class => format!("{class}.{name}"),
    };
    Case { name: full, ..case }
}

/// pytest's node id: `tests.test_cart.TestTotal` and `test_sum` are `tests/test_cart.py::TestTotal::test_sum`. Classes
/// begin with a capital letter, modules do not.
fn node(class: &str, name: &str, file: Option<&str>) -> String {
    let parts: Vec<&str> = class.split('.').collect();
    let module = parts.iter().position(|part| part.starts_with(char::is_uppercase)).unwrap_or(parts.len());
    let file = file.map_or_else(|| format!("{}.py", parts[..module].join("/")), str::to_owned);
    let classes = parts[module..].iter().map(|class| format!("{class}::"));
    format!("{file}::{}{name}", classes.collect::<String>())
}
