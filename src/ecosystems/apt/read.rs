//! apt's `Setting up package (version)` and `Unpacking package (version)`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:Setting up|Unpacking) ([a-z0-9][a-z0-9.+-]+)(?::\w+)? \(([^)\s]+)\)").expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{apt::Apt, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            ("Setting up libssl3:amd64 (3.0.2-0ubuntu1) ...", "libssl3", "3.0.2-0ubuntu1"),
            ("Unpacking curl (7.88.1-10+deb12u5) ...", "curl", "7.88.1-10+deb12u5"),
        ] {
            assert_eq!(read_line(&Apt, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
