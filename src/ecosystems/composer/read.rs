//! Composer's `- Installing vendor/package (v1.2.3)`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*- (?:Installing|Upgrading|Locking) ([a-z0-9_.-]+/[a-z0-9_.-]+) \((?:\S+ => )?(v?\d[^)\s]*)\)")
        .expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{composer::Composer, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            ("  - Installing symfony/console (v6.4.1): Extracting archive", "symfony/console", "v6.4.1"),
            ("  - Upgrading acme/lib (v1.0.0 => v1.1.0): Extracting archive", "acme/lib", "v1.1.0"),
        ] {
            assert_eq!(read_line(&Composer, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
