//! testthat's `── Failure (test-cart.R:3:1): name ──`, and what it printed before version 3:
//! `── 1. Failure: name (@test-cart.R#3) ──` and `1. Failure (at test-cart.R#3): name ---`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\s─—-]*(?:\d+\. )?(?:Failure|Error) \((?:at )?['‘]?((?:\S+/)?test[\w.-]*\.[rR])(?:[:#]\d+)*['’]?\): (\S.*?)[\s─—-]*$")
        .expect("a pattern")
});
static OLDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[\s─—-]*\d+\. (?:Failure|Error): (\S.*?) \(@(test[\w.-]*\.[rR])#\d+\)").expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    let found = FAILED.captures(line).map(|found| (found.get(2), found.get(1)));
    let found = found.or_else(|| OLDER.captures(line).map(|found| (found.get(1), found.get(2))));
    if let Some((Some(name), Some(file))) = found {
        names.add("testthat", name.as_str(), Some(file.as_str()));
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, testthat::Testthat};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("── Failure ('test-cart.R:47:3'): total adds shipping ───", &["total adds shipping"][..]),
            ("Error (test-cart.R:3): total of nothing", &["total of nothing"][..]),
            ("── 1. Failure: total adds shipping (@test-cart.R#12)  ──", &["total adds shipping"][..]),
            ("1. Failure (at test-cart.R#32): total_adds -------", &["total_adds"][..]),
            ("Error in parse(text = lines) : unexpected '{'", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Testthat, text), want, "{text}");
        }
    }
}
