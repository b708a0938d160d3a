//! The same failure in another run, machine, path, time or order has the same fingerprint.
//!
//! What differs from run to run is replaced by signs for its kind; the sorted set of what is left of the failing tests,
//! or else of the error line that says most and the file that it points to, is hashed. Headings and words that any
//! failure may print say nothing of this one. The version stands in front, so that a better one does not orphan history.

use super::headings;
use super::lines::body;
use super::rank::Candidate;
use super::signs::SIGNS;
use crate::domain::evidence::{FailingTest, Frame};
use crate::domain::ids::Digest;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::LazyLock;

const VERSION: &str = "v3";
/// So many failing tests are told apart by; a storm of others in another order still counts as the same.
const TESTS: usize = 20;
/// So many error lines of the best one's kind are.
const LINES: usize = 5;
/// Lines that score so much less than the best are another matter.
const WITHIN: i32 = 40;
/// A line of no more weight may stand in any log.
const ENDING: i32 = 20;
/// Lines of one kind that score so much less are as good.
const ALIKE: i32 = 16;
/// Of a longer line the beginning counts: what follows is data.
const LETTERS: usize = 160;

static NOISE: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "<uuid>"),
        (r"\b\d{4}[-/]\d\d[-/]\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?", "<time>"),
        // Processes and threads, after a log's stamp or by name.
        (r"<time>:? ?[\[(]\d+(?:[:/-]\d+)*[\])]|(?i:\b(?:pid|tid|process|thread)[ =:]#?\d+)|==\d+==", "<made>"),
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

/// What stands before and after a message for the eye.
const DECORATION: &[char] = &[
    '=', '-', '_', '*', '#', '~', '!', '+', '|', '>', '•', '●', '✕', '✖', '✗', '×', '❌', '│', '╷', '╵', '▶', '➤', '⨯',
    '✘', '⎯', '─', ' ',
];

/// A line without what differs from run to run.
#[must_use]
pub fn normalise(line: &str) -> String {
    let line = body(line).unwrap_or(line).trim();
    let line = line.trim_start_matches(DECORATION).trim_end_matches(|c| DECORATION.contains(&c) || ".:;,".contains(c));
    let text =
        NOISE.iter().fold(line.to_owned(), |text, (pattern, sign)| pattern.replace_all(&text, *sign).into_owned());
    text.trim().chars().take(LETTERS).collect()
}

/// `None` where nothing in the log tells this failure from another. `ranked` is best first.
#[must_use]
pub fn fingerprint(tests: &[FailingTest], ranked: &[(i32, Candidate)], frames: &[Frame]) -> Option<String> {
    let mut parts: BTreeSet<String> = tests.iter().map(|test| format!("test {}", test.name.raw())).collect();
    while parts.len() > TESTS {
        parts.pop_last();
    }
    if parts.is_empty() {
        parts = messages(ranked);
        // The same words from another file are another failure; of several the order may vary.
        if parts.len() == 1 {
            let file = frames.first().and_then(|frame| frame.file.raw().rsplit(['/', '\\']).next());
            parts.extend(file.map(|file| format!("file {file}")));
        }
    }
    if parts.is_empty() {
        return None;
    }
    let digest = Digest::of(parts.iter().map(String::as_bytes));
    Some(format!("{VERSION}:{}", &digest.as_str()[..32]))
}

/// The best lines of one kind that say what happened, without what differs from run to run.
fn messages(ranked: &[(i32, Candidate)]) -> BTreeSet<String> {
    let best = ranked.first().map_or(0, |(score, _)| *score);
    let any_failure = |line: &Candidate| line.kinds.iter().any(|kind| SIGNS.rows[*kind].cap);
    let telling = |line: &Candidate| line.weight > ENDING && !any_failure(line) && !headings::is_heading(&line.text);
    let first = ranked.iter().find(|(score, line)| best - score <= WITHIN && telling(line));
    let Some((score, first)) = first else { return BTreeSet::new() };
    let kind = first.kinds.first();
    let alike = ranked.iter().filter(|(other, line)| {
        line.kinds.first() == kind && line.step == first.step && score - other <= ALIKE && telling(line)
    });
    alike.map(|(_, line)| normalise(&line.text)).filter(|text| !headings::is_bare(text)).take(LINES).collect()
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
            (
                "2026-02-17 07:59:57.744 UTC [75] FATAL:  role \"root\" does not exist",
                "2026-02-18 08:01:02.001 UTC [81] FATAL:  role \"root\" does not exist",
            ),
            ("==== 3 failed, 7 passed ====", "= 4 failed, 12 passed ="),
            ("==123==ERROR: AddressSanitizer: x", "==7==ERROR: AddressSanitizer: x"),
            ("[worker pid=12] gave up", "[worker pid=77] gave up"),
            ("##[error]failed on ubuntu-22.04", "failed on macos-latest"),
        ] {
            assert_eq!(normalise(a), normalise(b));
        }
        assert_ne!(normalise("cannot find a"), normalise("cannot find b"));
        assert_ne!(normalise("error CS0023: x"), normalise("error CS1929: x"));
    }
}
