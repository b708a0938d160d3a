//! libtest's `test path::name ... FAILED` and nextest's `FAIL [   0.1s] crate path::name`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static LIBTEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^test (.+?)(?: - should panic)? \.\.\. FAILED\b").expect("a pattern"));
/// trybuild's cases, each a file.
static TRYBUILD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^test (\S+\.rs)(?: \[.*\])? \.\.\. (?:mismatch|error)$").expect("a pattern"));
/// The test whose thread took the whole program down.
static OVERFLOW: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^thread '([^']+)'(?: \(\d+\))? has overflowed its stack").expect("a pattern"));
/// It passed at last.
static FLAKY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^FLAKY \d+/\d+ \[ *[\d.]+s\] (?:\( *\d+/\d+\) )?(\S+ \S+)$").expect("a pattern"));
static NEXTEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:TRY \d+ )?(?:FAIL|TIMEOUT|SIG[A-Z]+) \[ *[\d.]+s\] (?:\( *\d+/\d+\) )?(\S+) (\S+)$")
        .expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    libtest: Names,
    nextest: Names,
    flaky: Vec<String>,
}

/// Flaky tests remembered.
const FLAKY_MAX: usize = 500;

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        let plain = LIBTEST.captures(line).or_else(|| TRYBUILD.captures(line));
        if let Some(found) = plain.or_else(|| OVERFLOW.captures(line).filter(|found| &found[1] != "main")) {
            self.libtest.add("rust", &found[1], None);
        } else if let Some(found) = NEXTEST.captures(line) {
            // One name may stand in several crates.
            self.nextest.add_selected("nextest", &format!("{} {}", &found[1], &found[2]), Some(&found[2]), None);
        }
        if let Some(found) = FLAKY.captures(line).filter(|_| self.flaky.len() < FLAKY_MAX) {
            self.flaky.push(found[1].to_owned());
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        // Under nextest each test prints libtest's words, too.
        if self.nextest.total == 0 {
            return self.libtest;
        }
        let mut names = self.nextest;
        let before = names.tests.len();
        names.tests.retain(|test| !self.flaky.iter().any(|flaky| flaky == test.name.raw()));
        names.total -= (before - names.tests.len()) as u64;
        names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, rust::Rust};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("test store::tests::keeps ... FAILED", &["store::tests::keeps"][..]),
            ("        FAIL [   0.006s] (3/9) my-crate tests::it_fails", &["my-crate tests::it_fails"][..]),
            (
                "TRY 1 FAIL [   0.006s] my-crate tests::wobbles\n   FLAKY 2/3 [   0.006s] my-crate tests::wobbles",
                &[""; 0][..],
            ),
            (
                "test tests/ui/missing.rs ... mismatch\ntest [ui] tests/ui/a.rs ... FAILED",
                &["tests/ui/missing.rs", "[ui] tests/ui/a.rs"][..],
            ),
            ("thread 'parse::tests::deep' has overflowed its stack", &["parse::tests::deep"][..]),
            ("test a ... ok\ntest result: FAILED. 1 passed", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Rust, text), want, "{text}");
        }
    }
}
