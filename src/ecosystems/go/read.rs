//! `go: downloading module v1.2.3`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^go: (?:downloading|added|upgraded|extracting|finding) (\S+) (?:v\S+ => )?(v\d\S*)")
        .expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{go::Go, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            ("go: downloading github.com/a/b v1.2.3", "github.com/a/b", "v1.2.3"),
            ("go: upgraded golang.org/x/net v0.1.0 => v0.2.0", "golang.org/x/net", "v0.2.0"),
        ] {
            assert_eq!(read_line(&Go, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
