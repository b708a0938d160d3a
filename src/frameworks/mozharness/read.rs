//! The Firefox harnesses' `TEST-UNEXPECTED-FAIL | test | message`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"TEST-UNEXPECTED-(?:FAIL|ERROR|PASS|CRASH|TIMEOUT|STATUS|NOTRUN) \| ([^|\s][^|]*?)(?: (?:==|!=) [^|]*)? *(?:\||$)").expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    names: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(found) = FAILED.captures(line) {
            self.names.add("mozharness", found[1].trim_end_matches(" (finished)"), None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
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
