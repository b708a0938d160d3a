//! The same failure in another run, machine, path, time or order has the same fingerprint.
//!
//! Numbers, hashes, addresses, times, quoted temporary paths and directories are replaced by signs for their kind; the
//! sorted set of what is left of the failing tests, or of the best error line, is hashed. The version stands in front,
//! so that a better one does not orphan history.

use crate::domain::evidence::{Category, ErrorLine, FailingTest};
use crate::domain::ids::Digest;
use regex::Regex;
use std::sync::LazyLock;

const VERSION: &str = "v1";
/// So many failing tests are told apart by; a storm of others in another order still counts as the same.
const TESTS: usize = 20;

static NOISE: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", "<time>"),
        (r"\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
        (r"\b0x[0-9a-fA-F]+\b", "<addr>"),
        (r"(?i)\b[0-9a-f]*\d[0-9a-f]*[a-f][0-9a-f]{5,}\b|\b[0-9a-f]*[a-f][0-9a-f]*\d[0-9a-f]{5,}\b", "<hash>"),
        (r"(?:[A-Za-z]:)?(?:[/\\][\w@.+~-]+){2,}[/\\]", "<dir>/"),
        (r"\b\d+(?:\.\d+)?(?:ms|µs|us|ns|s|m|h|%|kB|MB|GB|KiB|MiB|GiB)?\b", "<n>"),
        (r"\s+", " "),
    ]
    .into_iter()
    .map(|(pattern, sign)| (Regex::new(pattern).expect("a pattern"), sign))
    .collect()
});

/// A line without what differs from run to run.
#[must_use]
pub fn normalise(line: &str) -> String {
    NOISE.iter().fold(line.trim().to_owned(), |text, (pattern, sign)| pattern.replace_all(&text, *sign).into_owned())
}

/// `None` where nothing in the log tells this failure from another.
#[must_use]
pub fn fingerprint(category: Category, tests: &[FailingTest], errors: &[ErrorLine]) -> Option<String> {
    let mut parts: Vec<String> =
        tests.iter().take(TESTS).map(|test| format!("test {}", normalise(test.name.raw()))).collect();
    if parts.is_empty() {
        let first = errors.first()?;
        parts.push(normalise(first.text.raw()));
        parts.push(category.as_str().to_owned());
    }
    parts.sort_unstable();
    parts.dedup();
    let digest = Digest::of(parts.iter().map(String::as_bytes));
    Some(format!("{VERSION}:{}", &digest.as_str()[..32]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(line: &str) -> Option<String> {
        fingerprint(Category::Test, &[], &[ErrorLine { line: 1, text: line.into() }])
    }

    #[test]
    fn same_failure_elsewhere() {
        for (a, b) in [
            ("dial tcp 127.0.0.1:34567: refused", "dial tcp 127.0.0.1:41001: refused"),
            ("panic at 0xc000123abc after 3.2s", "panic at 0xc000fff001 after 11.9s"),
            ("/home/runner/work/a/b/src/x.rs:10: boom", "/build/agent7/src/x.rs:12: boom"),
            ("no artifact 9fceb02d0ae598e9 found", "no artifact 1f00b02d0ae598aa found"),
        ] {
            assert_eq!(print(a), print(b), "{} / {}", normalise(a), normalise(b));
        }
        assert_ne!(print("cannot find a"), print("cannot find b"));
    }
}
