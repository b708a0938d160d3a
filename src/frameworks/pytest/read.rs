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
    Regex::new(r"^_{3,} (?:ERROR at (?:setup|teardown) of )?((?:\[doctest\] )?[A-Za-z_][\w.]*(?:\[.*\])?) _{3,}$")
        .expect("a pattern")
});
/// Of `SymPy`'s own runner.
static SYMPY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^_{3,} ((?:[\w.+-]+/)+[\w.+-]+\.py):(test\w*) _{3,}$").expect("a pattern"));
/// A module that could not be imported is what failed.
static MODULE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:_{3,} ERROR collecting |ERROR )((?:[\w.@+-]+/)*[\w.@+-]+\.py|(?:[\w.@+-]+/)+[\w.@+-]+)(?: _{3,}| - .*)?$",
    )
    .expect("a pattern")
});
/// The test that ran when the interpreter or a worker died.
static CRASHED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:crashed while running ['\x22]|^)(\S+\.py::[^'\x22]+?)(?:['\x22]| Fatal Python error: .*)$|^File \x22([^\x22]+\.py)\x22, line \d+ in (test\w*)$")
        .expect("a pattern")
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
    modules: Names,
    /// After `Fatal Python error`.
    fatal: bool,
}

impl Reader {
    fn crashed(&mut self, found: &regex::Captures<'_>) {
        if let Some(test) = found.get(1) {
            self.names.add("pytest", test.as_str(), test.as_str().split("::").next());
        } else if std::mem::take(&mut self.fatal) {
            // The stack names whole paths; the innermost test comes first.
            let (file, test) = (&found[2], &found[3]);
            let name = file.rsplit('/').next().unwrap_or(file);
            self.names.add("pytest", &format!("{name}::{test}"), Some(file));
        }
    }
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        let found = SUMMARY.captures(line).or_else(|| VERBOSE.captures(line)).or_else(|| WORKER.captures(line));
        if let Some(found) = found {
            let name = found[1].trim_end_matches(" - ").trim();
            self.names.add("pytest", name, name.split("::").next());
        } else if let Some(found) = MODULE.captures(line) {
            self.modules.add("pytest", &found[1], Some(&found[1]));
        } else if let Some(found) = CRASHED.captures(line) {
            self.crashed(&found);
        } else if let Some(found) = SYMPY.captures(line) {
            self.names.add("pytest", &format!("{}::{}", &found[1], &found[2]), Some(&found[1]));
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
        self.fatal |= line.starts_with("Fatal Python error");
        // The position stands somewhere under its header.
        self.since_header += 1;
        self.since_header < BODY_MAX && self.headers.last().is_some_and(|(_, file)| file.is_none())
    }

    fn finish(mut self: Box<Self>) -> Names {
        let mut names = std::mem::take(&mut self.names);
        for module in self.modules.tests {
            names.add("pytest", module.name.raw(), Some(module.name.raw()));
        }
        if names.total > 0 {
            return names;
        }
        for (header, file) in self.headers {
            if let Some(item) = header.strip_prefix("[doctest] ") {
                names.add("pytest", item, file.as_deref());
                continue;
            }
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
            ("ERROR: could not find a version\nFAILED (failures=1)\nERROR in x", &[""; 0][..]),
            (
                "____ TestA.test_b[x.y] ____\ntests/test_a.py:3: AssertionError\n_____ [doctest] shop.cart.total _____",
                &["TestA::test_b[x.y]", "shop.cart.total"][..],
            ),
            (
                "_____ ERROR collecting tests/test_a.py _____\nERROR tests/test_a.py - ModuleNotFoundError: x",
                &["tests/test_a.py"][..],
            ),
            (
                "Fatal Python error: Segmentation fault\n  File \"/src/tests/test_a.py\", line 7 in test_b\n  File \"/src/x.py\", line 9 in test_c",
                &["test_a.py::test_b"][..],
            ),
            ("tests/test_a.py::test_b Fatal Python error: Segmentation fault", &["tests/test_a.py::test_b"][..]),
            (
                "_____ sympy/sets/tests/test_sets.py:test_union _____",
                &["sympy/sets/tests/test_sets.py::test_union"][..],
            ),
            ("worker 'gw1' crashed while running 'tests/test_a.py::test_b'", &["tests/test_a.py::test_b"][..]),
        ] {
            assert_eq!(read_lines(&Pytest, text), want, "{text}");
        }
    }
}
