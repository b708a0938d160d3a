//! GitHub Actions' `Download action repository 'owner/name@ref' (SHA:…)`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^Download action repository '([^'@]+)@[^']+' \(SHA:([0-9a-f]{7,40})\)").expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{actions::Actions, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            (
                "Download action repository 'actions/checkout@v4' (SHA:11bd71901bbe5b1630ceea73d27597364c9af683)",
                "actions/checkout",
                "11bd71901bbe5b1630ceea73d27597364c9af683",
            ),
            ("Download action repository 'acme/setup@main' (SHA:0a1b2c3)", "acme/setup", "0a1b2c3"),
        ] {
            assert_eq!(read_line(&Actions, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
