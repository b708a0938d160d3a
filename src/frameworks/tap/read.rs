//! The Test Anything Protocol's `not ok 3 - name`; `# TODO` and `# SKIP` are not failures.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*not ok \d+ +(?:- )?(\S.*?)(?:\s+# (?:time|duration).*)?$").expect("a pattern"));
static EXCUSED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i) # (?:todo|skip|flaky)\b").expect("a pattern"));

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line).filter(|_| !EXCUSED.is_match(line)) {
        names.add("tap", &found[1], None);
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
        ] {
            assert_eq!(read_lines(&Tap, text), want, "{text}");
        }
    }
}
