//! AVA's `✘ [fail]: title › of the test`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*[✖✘×] \[fail\]: (\S.*)$").expect("a pattern"));

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line) {
        names.add("ava", &found[1], None);
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{ava::Ava, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("  ✘ [fail]: cart › adds shipping\n  ✔ cart › is empty", &["cart › adds shipping"][..]),
            ("[fail]: of something else", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Ava, text), want, "{text}");
        }
    }
}
