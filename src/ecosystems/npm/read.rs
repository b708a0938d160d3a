//! npm's, pnpm's and yarn's `+ package@1.2.3` and `added package@1.2.3`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\+ |(?:npm )?added |├── |└── |[├└]─ )((?:@[\w.-]+/)?[a-z][\w.-]*)[@ ]v?(\d+\.\d+\.\d[\w.+-]*)(?: \(.*\))?$")
        .expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{npm::Npm, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in [
            ("+ left-pad@1.3.0", "left-pad", "1.3.0"),
            ("+ react 18.2.0", "react", "18.2.0"),
            ("├─ @babel/core@7.1.0", "@babel/core", "7.1.0"),
        ] {
            assert_eq!(read_line(&Npm, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
