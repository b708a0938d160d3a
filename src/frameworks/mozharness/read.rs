//! The Firefox harnesses' `TEST-UNEXPECTED-FAIL | test | message`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"TEST-UNEXPECTED-(?:FAIL|ERROR|PASS|CRASH|TIMEOUT|STATUS|NOTRUN) \| ([^|\s][^|]*?)(?: (?:==|!=) [^|]*)? *(?:\||$)").expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line) {
        names.add("mozharness", found[1].trim_end_matches(" (finished)"), None);
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{mozharness::Mozharness, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("TEST-UNEXPECTED-FAIL | dom/test_a.html | boom", &["dom/test_a.html"][..]),
            (
                "REFTEST TEST-UNEXPECTED-FAIL | layout/a.html == layout/a-ref.html | image comparison",
                &["layout/a.html"][..],
            ),
        ] {
            assert_eq!(read_lines(&Mozharness, text), want, "{text}");
        }
    }
}
