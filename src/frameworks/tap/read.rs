//! The Test Anything Protocol's `not ok 3 - name`; `# TODO` and `# SKIP` are not failures. Where a harness swallowed
//! these lines, the files that it sums up: `prove`'s `t/cart.t (Wstat: 256 Tests: 3 Failed: 1)`, Automake's and QEMU's
//! `ERROR cart - too few tests run (expected 13, got 8)`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*not ok \d+ +(?:- )?(\S.*?)(?:\s+# (?:time|duration).*)?$").expect("a pattern"));
static EXCUSED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i) # (?:todo|skip|flaky)\b").expect("a pattern"));
static FILE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(\S.*?)\s+\(Wstat: (?:[1-9]\d*.* Tests: \d+ Failed: \d+|0.* Tests: \d+ Failed: [1-9]\d*)\)$|^ERROR:? (\S+)(?: \d+)? - (?:too (?:few|many) tests run|exited with status|missing test plan)",
    )
    .expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    tests: Names,
    files: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(found) = FAILED.captures(line).filter(|_| !EXCUSED.is_match(line)) {
            self.tests.add("tap", &found[1], None);
        } else if let Some(file) = FILE.captures(line).and_then(|found| found.get(1).or_else(|| found.get(2))) {
            self.files.add("tap", file.as_str(), None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        if self.tests.total > 0 { self.tests } else { self.files }
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, tap::Tap};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("not ok 2178 sequential/test-inspector\nok 3 - fine", &["sequential/test-inspector"][..]),
            ("not ok 3 - later # TODO write it", &[""; 0][..]),
            (
                "Test Summary Report\n-------------------\nt/cart.t     (Wstat: 65280 Tests: 3 Failed: 1)\n  Failed test:  3\n\
                 t/till.t (Wstat: 512 (exited 2) Tests: 9 Failed: 0)\nFiles=2, Tests=12",
                &["t/cart.t", "t/till.t"][..],
            ),
            // It is listed for a `# TODO` that passes.
            ("t/later.t (Wstat: 0 Tests: 9 Failed: 0)\n  TODO passed:   2", &[""; 0][..]),
            ("not ok 1 - adds\nt/cart.t (Wstat: 256 Tests: 3 Failed: 1)", &["adds"][..]),
            ("ERROR test-replication - too few tests run (expected 13, got 8)", &["test-replication"][..]),
            ("ERROR: cart.test 3 - exited with status 2", &["cart.test"][..]),
            ("the port is taken - too many connections", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Tap, text), want, "{text}");
        }
    }
}
