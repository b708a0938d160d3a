//! pip's `Successfully installed a-1.0 b-2.0` and `Requirement already satisfied: a in … (1.0)`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static SATISFIED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^Requirement already satisfied: ([A-Za-z0-9_.-]+)\S* .*\((\d[^)\s]*)\)$").expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(list) = line.trim().strip_prefix("Successfully installed ") {
        for item in list.split_whitespace() {
            // A name may have hyphens; a version begins with a digit after the last one that a digit follows.
            let mut at =
                item.match_indices('-').filter(|(at, _)| item[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
            if let Some((at, _)) = at.next_back() {
                found(&item[..at], &item[at + 1..]);
            }
        }
    } else if let Some(hit) = SATISFIED.captures(line.trim()) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{pip::Pip, read_line};

    #[test]
    fn reads_what_is_printed() {
        let got = read_line(&Pip, "Successfully installed typing-extensions-4.9.0 numpy-1.26.4 pip-24.0");
        let want = [("typing-extensions", "4.9.0"), ("numpy", "1.26.4"), ("pip", "24.0")];
        assert_eq!(got, want.map(|(package, version)| (package.to_owned(), version.to_owned())));
        let line = "Requirement already satisfied: six>=1.5 in /usr/lib/python3 (from x) (1.16.0)";
        assert_eq!(read_line(&Pip, line), [("six".to_owned(), "1.16.0".to_owned())]);
    }
}
