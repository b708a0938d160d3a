//! Pester's `[-] name 12ms (10ms|2ms)`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*\[-\] (\S.*?) \d[\d.]*m?s(?: \(.*\))?$").expect("a pattern"));

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line) {
        names.add("pester", &found[1], None);
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{pester::Pester, read_lines};

    #[test]
    fn reads_what_is_printed() {
        let text = "  [-] returns the total 12ms (10ms|2ms)\n  [+] adds 3ms";
        assert_eq!(read_lines(&Pester, text), ["returns the total"]);
    }
}
