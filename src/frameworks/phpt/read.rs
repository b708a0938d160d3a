//! run-tests' `FAIL What it is about [path.phpt]`: the path is what it takes.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:FAIL|LEAK|BORK)\S* .*\[(\S+\.phpt)\]\s*$").expect("a pattern"));

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAIL.captures(line) {
        names.add("phpt", &found[1], Some(&found[1]));
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{phpt::Phpt, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "FAIL Bug #1 (x is y) [ext/date/tests/bug1.phpt] \nXFAIL Later [ext/a.phpt]\nPASS Fine [ext/b.phpt]",
                &["ext/date/tests/bug1.phpt"][..],
            ),
            ("FAIL: something [else]", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Phpt, text), want, "{text}");
        }
    }
}
