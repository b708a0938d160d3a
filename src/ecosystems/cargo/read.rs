//! cargo's `Compiling serde v1.0.2` and `Downloaded serde v1.0.2`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:Compiling|Downloaded|Checking|Adding|Updating) ([A-Za-z0-9_-]+) (?:v\S+ -> )?v(\d[\w.+-]*)")
        .expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{cargo::Cargo, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            ("   Compiling serde v1.0.200", "serde", "1.0.200"),
            ("  Downloaded openssl-sys v0.9.99+x", "openssl-sys", "0.9.99+x"),
        ] {
            assert_eq!(read_line(&Cargo, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
