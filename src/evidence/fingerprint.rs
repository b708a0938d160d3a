//! The same failure in another run, machine, path, time or order has the same fingerprint.
//!
//! What differs from run to run is replaced by signs for its kind; the sorted set of what is left of the failing tests,
//! or else of the best error lines of one kind, is hashed. The version stands in front, so that a better one does not
//! orphan history.

use super::lines::body;
use super::rank::Candidate;
use crate::domain::evidence::FailingTest;
use crate::domain::ids::Digest;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const VERSION: &str = "v2";
/// So many failing tests are told apart by; a storm of others in another order still counts as the same.
const TESTS: usize = 20;
/// So many error lines of the best one's kind are.
const LINES: usize = 5;
/// Lines that score so much less than the best are another matter.
const WITHIN: i32 = 16;
/// Of a longer line the beginning counts: what follows is data.
const LETTERS: usize = 160;

static NOISE: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?", "<time>"),
        (
            r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]* (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]* +\d+\b",
            "<time>",
        ),
        (r"\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b", "<time>"),
        (r"\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b|\blocalhost:\d+|\[::1?\](?::\d+)?", "<host>"),
        (r"\b0x[0-9a-fA-F]+\b|@[0-9a-f]{5,16}\b", "<addr>"),
        (r"\b(?:[0-9]+[a-f]|[a-f]+[0-9])[0-9a-f]{5,}\b", "<hash>"),
        (r"(?:[A-Za-z]:|file://)?(?:[/\\][\w@.+~-]+)+[/\\]", "<dir>/"),
        (
            r"(?i)\b(?:tmp|temp|pytest|build|job|run|runner|agent|worker|node|pod|container)[-_][a-z0-9]*\d[\w-]*",
            "<made>",
        ),
        (
            r"(?i)\b(?:python|pypy|py|node|go|jdk|java|ruby|php|rust|gcc|clang|dotnet|net)[-@ v]?\d+(?:\.\d+)*\b",
            "<tool>",
        ),
        (r"(?i)\b(?:ubuntu|macos|windows|linux|darwin)(?:[-_](?:latest|\d+(?:\.\d+)*|x64|x86_64|amd64|arm64|aarch64))*\b", "<os>"),
        // Codes of errors (`CS0023`) are not numbers.
        (r"\b\d+(?:[.,]\d+)*(?:[a-zA-Zµ%]{1,3}\b)?", "<n>"),
        (r"\s+", " "),
    ]
    .into_iter()
    .map(|(pattern, sign)| (Regex::new(pattern).expect("a pattern"), sign))
    .collect()
});

/// A line without what differs from run to run.
#[must_use]
pub fn normalise(line: &str) -> String {
    let line = body(line).unwrap_or(line).trim();
    let text =
        NOISE.iter().fold(line.to_owned(), |text, (pattern, sign)| pattern.replace_all(&text, *sign).into_owned());
    text.trim().chars().take(LETTERS).collect()
}

/// `None` where nothing in the log tells this failure from another. `ranked` is best first.
#[must_use]
pub fn fingerprint(tests: &[FailingTest], ranked: &[(i32, Candidate)]) -> Option<String> {
    let mut parts: BTreeSet<String> = tests.iter().map(|test| format!("test {}", test.name.raw())).collect();
    while parts.len() > TESTS {
        parts.pop_last();
    }
    if parts.is_empty() {
        let (best, first) = ranked.first()?;
        let kind = first.kinds.first();
        let alike = ranked.iter().filter(|(score, line)| line.kinds.first() == kind && best - score <= WITHIN);
        parts.extend(alike.map(|(_, line)| normalise(&line.text)).filter(|text| !text.is_empty()).take(LINES));
    }
    if parts.is_empty() {
        return None;
    }
    let digest = Digest::of(parts.iter().map(String::as_bytes));
    Some(format!("{VERSION}:{}", &digest.as_str()[..32]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_failure_elsewhere() {
        for (a, b) in [
            ("dial tcp 127.0.0.1:34567: refused", "dial tcp 127.0.0.1:41001: refused"),
            ("panic at 0xc000123abc after 3.2s", "panic at 0xc000fff001 after 11.9s"),
            ("/home/runner/work/a/b/src/x.rs:10: boom", "/build/agent7/src/x.rs:12: boom"),
            ("no artifact 9fceb02d0ae598e9 found", "no artifact 1f00b02d0ae598aa found"),
            ("#23 10.12 /app/x.cs(41,52): error CS1: y", "#7 9.1 /src/x.cs(4,5): error CS1: y"),
            ("got 1701k", "got 1494k"),
            ("##[error]failed on ubuntu-22.04", "failed on macos-latest"),
        ] {
            assert_eq!(normalise(a), normalise(b));
        }
        assert_ne!(normalise("cannot find a"), normalise("cannot find b"));
        assert_ne!(normalise("error CS0023: x"), normalise("error CS1929: x"));
    }
}
