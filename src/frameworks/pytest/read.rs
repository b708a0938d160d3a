//! pytest's short summary (`FAILED path::test - why`), its verbose lines (`path::test FAILED`), and unittest's
//! `FAIL: test (module.Class)`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:FAILED|ERROR) ((?:[^\s:]+/)*[^\s:/]+\.py(?:::[^\s\[]+(?:\[.*?\])?)*)(?: - .*)?$")
        .expect("a pattern")
});
static VERBOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[gw\d+\](?: \[ *\d+%\])? )?(?:(?:FAILED|ERROR) )?((?:[^\s:]+/)*[^\s:/]+\.py::[^\s\[]+(?:\[.*?\])?)(?: (?:FAILED|ERROR)\b.*)?$").expect("a pattern")
});
static UNITTEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:FAIL|ERROR): (\w+ \([\w.]+\)|Doctest: [\w.]+)").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) {
        let line = line.trim();
        if !(line.contains("FAIL") || line.contains("ERROR")) {
            return;
        }
        if let Some(found) = UNITTEST.captures(line) {
            self.names.add("unittest", found[1].trim_start_matches("Doctest: "), None);
            return;
        }
        if let Some(found) = SUMMARY.captures(line).or_else(|| VERBOSE.captures(line)) {
            let name = &found[1];
            if name.contains("::") {
                self.names.add("pytest", name, name.split("::").next());
            }
        }
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_pytest_and_unittest_print() {
        for (line, want) in [
            ("FAILED tests/test_a.py::test_b - AssertionError: x", Some("tests/test_a.py::test_b")),
            ("FAILED tests/test_a.py::TestC::test_b[a b-1] - boom", Some("tests/test_a.py::TestC::test_b[a b-1]")),
            ("tests/test_a.py::test_b FAILED               [ 25%]", Some("tests/test_a.py::test_b")),
            ("[gw1] [ 33%] FAILED tests/test_a.py::test_b", Some("tests/test_a.py::test_b")),
            ("FAIL: test_x (pkg.mod.Case)", Some("test_x (pkg.mod.Case)")),
            ("tests/test_a.py::test_b PASSED", None),
            ("ERROR: could not find a version", None),
            ("FAILED (failures=1)", None),
        ] {
            let mut reader = Box::<Reader>::default();
            reader.line(line);
            let names = reader.finish();
            assert_eq!(names.tests.first().map(|t| t.name.raw()), want, "{line}");
        }
    }
}
