//! Forge's `[FAIL: reason] testName() (gas: 12)`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[FAIL(?:[.:] .*)?\] (\w+\(.*?\)) \((?:gas|runs|μ)").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(found) = FAILED.captures(line.trim()) {
            self.names.add("forge", &found[1], None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
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
