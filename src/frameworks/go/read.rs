//! Go's `--- FAIL: TestName (0.00s)`, subtests with `/` before their parents, and gotestsum's `FAIL package.TestName
//! (0.00s)`. A test that timed out or crashed stands below `running tests:`, or in the stack of its goroutine.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:--- FAIL: |=== FAIL: \S+ )([A-Za-z_]\S*)(?: \([\d.]+s\))?$").expect("a pattern"));

static GOTESTSUM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:##\[group\])?(?:FAIL|✖) \S+?\.((?:Test|Example|Fuzz|Benchmark)\S*) \([\d.]+s\)$")
        .expect("a pattern")
});
/// Below `running tests:`.
static RUNNING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s+(Test\S*) \([\d.hms]+\)$").expect("a pattern"));
/// A test's frame in the stack of a goroutine.
static FRAME: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\S+[\w)]\.(Test[A-Z_]\w*)\((?:0x[0-9a-f]+|\{)").expect("a pattern"));

/// Parents are only known once children were seen, so names are kept until the end.
const SEEN_MAX: usize = 2_000;

#[derive(Default)]
pub struct Reader {
    names: Vec<String>,
    /// gotestsum's while it runs: with re-runs, its summary knows better.
    short: Vec<String>,
    summed_up: bool,
    /// Where nothing else is named: what ran at the end.
    running: Vec<String>,
    listing: bool,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if self.names.len() < SEEN_MAX
            && (line.trim_start().starts_with("--- FAIL") || line.starts_with("=== FAIL"))
            && let Some(found) = FAIL.captures(line.trim_end())
        {
            self.summed_up |= line.starts_with("===");
            self.names.push(super::super::cut(&found[1]));
        } else if self.short.len() < SEEN_MAX
            && let Some(found) = GOTESTSUM.captures(line.trim_end())
        {
            self.short.push(super::super::cut(&found[1]));
        }
        let ran = if self.listing { RUNNING.captures(line) } else { FRAME.captures(line) };
        if let Some(found) = ran.as_ref().filter(|_| self.running.len() < SEEN_MAX) {
            self.running.push(super::super::cut(&found[1]));
        }
        self.listing = line.trim() == "running tests:" || (self.listing && ran.is_some());
        self.listing
    }

    fn finish(mut self: Box<Self>) -> Names {
        if !self.summed_up {
            self.names.append(&mut self.short);
        }
        let all = if self.names.is_empty() { self.running } else { self.names };
        let parents: std::collections::HashSet<&str> =
            all.iter().flat_map(|name| name.match_indices('/').map(move |(at, _)| &name[..at])).collect();
        let (parents, leaves): (Vec<_>, Vec<_>) = all.iter().partition(|name| parents.contains(name.as_str()));
        let mut names = Names::default();
        for name in leaves.into_iter().chain(parents) {
            names.add_selected("go", name, Some(&selector(name)), None);
        }
        names
    }
}

/// What `go test -run` takes: each part of the name by itself, anchored.
pub(in crate::frameworks) fn selector(name: &str) -> String {
    name.split('/').map(|part| format!("^{}$", regex::escape(part))).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{go::Go, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "--- FAIL: TestA (0.01s)\n    --- FAIL: TestA/b_c (0.00s)\n--- PASS: TestD\n--- FAIL: TestE (0.00s)",
                &["TestA/b_c", "TestE", "TestA"][..],
            ),
            (
                "panic: test timed out after 1s\nrunning tests:\n\tTestSlow (1s)\n\ngoroutine 1 [running]:",
                &["TestSlow"][..],
            ),
            (
                "fatal error: concurrent map writes\ngithub.com/a/b.TestWrites(0xc0001)\n\t/src/b_test.go:7 +0x1d",
                &["TestWrites"][..],
            ),
            (
                "  FAIL internal/v1.2/a.TestA/b.c (0.02s)\n##[group]FAIL internal/a.TestE (0.01s)\n  FAIL Package internal/a (1ms)",
                &["TestA/b.c", "TestE"][..],
            ),
            (
                "FAIL internal/a.TestFlaky (0.01s)\nFAIL internal/a.TestE (0.01s)\n=== FAIL: internal/a TestE (0.01s)",
                &["TestE"][..],
            ),
            ("=== FAIL: internal/a TestParse/foo(bar) (0.00s)", &["TestParse/foo(bar)"][..]),
            ("--- FAIL: kuttl/harness/install (3.10s)", &["kuttl/harness/install"][..]),
        ] {
            assert_eq!(read_lines(&Go, text), want, "{text}");
        }
    }
}
