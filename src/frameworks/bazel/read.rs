//! Bazel's summary (`//cart:totals_test  FAILED in 0.6s`), and `FAIL: //cart:totals_test (see …)` while it runs.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:(?:FAIL|TIMEOUT): ((?:@[\w.~-]*)?//[^\s(]+)|((?:@[\w.~-]*)?//\S+) +(?:FAILED|TIMEOUT|FAILED TO BUILD)(?: in .*)?$)")
        .expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    let found = FAILED.captures(line.trim());
    if let Some(name) = found.as_ref().and_then(|found| found.get(1).or(found.get(2))) {
        names.add("bazel", name.as_str(), None);
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{bazel::Bazel, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "FAIL: //cart:totals_test (see /x/test.log)\n//cart:totals_test    FAILED in 3 out of 3 in 0.6s",
                &["//cart:totals_test"][..],
            ),
            ("//cart:money_test   (cached) PASSED in 0.4s\n//a:b_test  TIMEOUT in 300.0s", &["//a:b_test"][..]),
        ] {
            assert_eq!(read_lines(&Bazel, text), want, "{text}");
        }
    }
}
