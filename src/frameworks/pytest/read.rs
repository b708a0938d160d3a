//! pytest's short summary (`FAILED path::test - why`), its verbose lines (`path::test FAILED`), and, where a log has
//! neither, the headers of its failures (`____ TestClass.test ____`).

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:FAILED|ERROR) ((?:[^\s:]+/)*[^\s:/]+\.py::[^\s\[]+(?:\[.*?\](?: - |$)|\[\S*)?)")
        .expect("a pattern")
});
static VERBOSE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^((?:[^\s:]+/)*[^\s:/]+\.py::[^\s\[]+(?:\[.*\])?)(?: <- \S+)? (?:FAILED|ERROR)(?:\s+\[ *\d+%\])?$")
        .expect("a pattern")
});
static WORKER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\[gw\d+\](?: \[ *\d+%\])? (?:FAILED|ERROR) ((?:[^\s:]+/)*[^\s:/]+\.py::.+)$").expect("a pattern")
});
static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^_{3,} (?:ERROR at (?:setup|teardown) of )?([A-Za-z_][\w.]*(?:\[.*\])?) _{3,}$").expect("a pattern")
});
static POSITION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^((?:[\w.@+-]+/)*[\w.+-]+\.py):\d+: (?:\w|$)").expect("a pattern"));

/// Lines after a header in which its position is looked for.
const BODY_MAX: u32 = 400;
/// Headers kept while it is not known whether a summary follows.
const HEADERS_MAX: usize = 500;

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// Name and file of each header.
    headers: Vec<(String, Option<String>)>,
    since_header: u32,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        let found = SUMMARY.captures(line).or_else(|| VERBOSE.captures(line)).or_else(|| WORKER.captures(line));
        if let Some(found) = found {
            let name = found[1].trim_end_matches(" - ").trim();
            self.names.add("pytest", name, name.split("::").next());
        } else if let Some(found) = HEADER.captures(line) {
            if self.headers.len() < HEADERS_MAX {
                self.headers.push((super::super::cut(&found[1]), None));
                self.since_header = 0;
            }
        } else if let Some(found) = POSITION.captures(line)
            && let Some((_, file)) = self.headers.last_mut()
        {
            // The first position is the test's own; deeper ones follow.
            file.get_or_insert_with(|| super::super::cut(&found[1]));
        }
        // The position stands somewhere under its header.
        self.since_header += 1;
        self.since_header < BODY_MAX && self.headers.last().is_some_and(|(_, file)| file.is_none())
    }

    fn finish(self: Box<Self>) -> Names {
        if self.names.total > 0 {
            return self.names;
        }
        let mut names = Names::default();
        for (header, file) in self.headers {
            let (path, parameters) = header.split_at(header.find('[').unwrap_or(header.len()));
            if !path.rsplit('.').next().is_some_and(|test| test.to_ascii_lowercase().contains("test")) {
                continue;
            }
            let name = format!("{}{parameters}", path.replace('.', "::"));
            match file {
                Some(file) => {
                    names.add_selected("pytest", &name, Some(&format!("{file}::{name}")), Some(&file));
                }
                None => names.add("pytest", &name, None),
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{pytest::Pytest, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("FAILED tests/test_a.py::test_b - AssertionError: x", &["tests/test_a.py::test_b"][..]),
            ("FAILED tests/test_a.py::TestC::test_b[a b-1] - boom", &["tests/test_a.py::TestC::test_b[a b-1]"][..]),
            ("tests/test_a.py::test_b FAILED               [ 25%]", &["tests/test_a.py::test_b"][..]),
            ("tests/test_a.py::test_b XFAIL               [ 25%]\ntests/test_a.py::test_b PASSED", &[""; 0][..]),
            ("tests/t.py::test_b <- ../site-packages/x.py FAILED [ 1%]", &["tests/t.py::test_b"][..]),
            ("[gw1] [ 33%] FAILED tests/test_a.py::test_b", &["tests/test_a.py::test_b"][..]),
            ("ERROR: could not find a version\nFAILED (failures=1)\nERROR tests/test_a.py", &[""; 0][..]),
            (
                "____ TestA.test_b[x.y] ____\ntests/test_a.py:3: AssertionError\n_____ ERROR collecting a.py _____",
                &["TestA::test_b[x.y]"][..],
            ),
        ] {
            assert_eq!(read_lines(&Pytest, text), want, "{text}");
        }
    }
}
