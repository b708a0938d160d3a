//! Poetry's `- Installing requests (2.31.0)` and uv's `+ requests==2.31.0`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:(?:-|•) (?:Installing|Updating|Downgrading) ([A-Za-z0-9_.-]+) \((?:\S+ -> )?(\d[^)\s]*)\)|\+ ([A-Za-z0-9_.\[\]-]+)==(\d\S*))").expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    let Some(hit) = LINE.captures(line) else { return };
    let part = |at: usize| hit.get(at).map(|part| part.as_str());
    if let (Some(package), Some(version)) = (part(1).or(part(3)), part(2).or(part(4))) {
        found(package, version);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{poetry::Poetry, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in
            [("  - Installing requests (2.31.0)", "requests", "2.31.0"), (" + ruff==0.4.1", "ruff", "0.4.1")]
        {
            assert_eq!(read_line(&Poetry, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
