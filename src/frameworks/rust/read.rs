//! libtest's `test path::name ... FAILED` and nextest's `FAIL [   0.1s] crate path::name`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static LIBTEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^test (.+?)(?: - should panic)? \.\.\. FAILED\b").expect("a pattern"));
static NEXTEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:TRY \d+ )?(?:FAIL|TIMEOUT|SIGSEGV|SIGABRT) \[ *[\d.]+s\] (?:\([ \d/]+\) )?(?:\S+) (\S+)$")
        .expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    names: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) {
        let line = line.trim();
        let found = if line.starts_with("test ") {
            LIBTEST.captures(line)
        } else if line.contains("s] ") {
            NEXTEST.captures(line)
        } else {
            None
        };
        if let Some(found) = found {
            self.names.add("rust", &found[1], None);
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
    fn reads_what_libtest_and_nextest_print() {
        for (line, want) in [
            ("test store::tests::keeps ... FAILED", Some("store::tests::keeps")),
            ("        FAIL [   0.006s] (3/9) my-crate tests::it_fails", Some("tests::it_fails")),
            ("        FAIL [   0.006s] my-crate::it tests::it_fails", Some("tests::it_fails")),
            ("test store::tests::keeps ... ok", None),
            ("test result: FAILED. 1 passed", None),
        ] {
            let mut reader = Box::<Reader>::default();
            reader.line(line);
            assert_eq!(reader.finish().tests.first().map(|t| t.name.raw()), want, "{line}");
        }
    }
}
