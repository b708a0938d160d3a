//! The compact reporter's `00:05 +3 -1: name [E]`, with the file before the name where there are several.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\d\d:\d\d )?\+\d+(?: ~\d+)?(?: -\d+)?: (?:(\S+_test\.dart): )?(.+) \[E\]$").expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    let Some(found) = FAILED.captures(line.trim()) else { return };
    match found[2].strip_prefix("loading ") {
        // A file that does not compile has no tests yet.
        Some(file) => names.add("dart", file, Some(file)),
        None => names.add("dart", &found[2], found.get(1).map(|file| file.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{dart::Dart, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("00:05 +3 -1: test/cart_test.dart: totals add up [E]", &["totals add up"][..]),
            // Its clock looks like a stamp.
            ("+3 -1: totals add up [E]", &["totals add up"][..]),
            ("00:16 +344 -1: loading /src/test/cart_test.dart [E]", &["/src/test/cart_test.dart"][..]),
            ("00:05 +3: totals add up", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Dart, text), want, "{text}");
        }
    }
}
