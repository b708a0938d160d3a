//! Forge's `[FAIL: reason] testName() (gas: 12)`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[FAIL(?:[.:] .*)?\] (\w+\(.*?\)) \((?:gas|runs|μ)").expect("a pattern"));

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line.trim()) {
        names.add("forge", &found[1], None);
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{forge::Forge, read_lines};

    #[test]
    fn reads_what_is_printed() {
        let text = "[FAIL: assertion failed: 1 != 2] testTransfer() (gas: 12345)\n[PASS] testMint() (gas: 5)";
        assert_eq!(read_lines(&Forge, text), ["testTransfer()"]);
    }
}
