//! Pester's `[-] name 12ms (10ms|2ms)`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*\[-\] (\S.*?) \d[\d.]*m?s(?: \(.*\))?$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(found) = FAILED.captures(line) {
            self.names.add("pester", &found[1], None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
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
