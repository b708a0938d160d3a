//! libtest's `test path::name ... FAILED` and nextest's `FAIL [   0.1s] crate path::name`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static LIBTEST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^test (.+?)(?: - should panic)? \.\.\. FAILED\b").expect("a pattern"));
static NEXTEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:TRY \d+ )?(?:FAIL|TIMEOUT|SIG[A-Z]+) \[ *[\d.]+s\] (?:\( *\d+/\d+\) )?(\S+) (\S+)$")
        .expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    libtest: Names,
    nextest: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        if let Some(found) = LIBTEST.captures(line) {
            self.libtest.add("rust", &found[1], None);
        } else if let Some(found) = NEXTEST.captures(line) {
            // One name may stand in several crates.
            self.nextest.add_selected("nextest", &format!("{} {}", &found[1], &found[2]), Some(&found[2]), None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        // Under nextest each test prints libtest's words, too.
        if self.nextest.total > 0 { self.nextest } else { self.libtest }
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
            ("test a ... ok\ntest result: FAILED. 1 passed", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Rust, text), want, "{text}");
        }
    }
}
