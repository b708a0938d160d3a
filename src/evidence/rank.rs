//! Which lines a person would want to see. Each line gets a weight from a few kinds of patterns; later and rarer wins.

use crate::domain::evidence::ErrorLine;
use regex::{Regex, RegexSet};
use std::collections::HashMap;
use std::sync::LazyLock;

/// Kinds of lines with their weights, most telling first. A line's weight is that of its heaviest kind.
const KINDS: [(i32, &str); 14] = [
    (
        100,
        r"^(?:FAIL|ERROR): \w|^(?:FAILED|ERROR) \S+\.py|^--- FAIL: |^test .+ \.\.\. FAILED|^● .+|^\s*\d+\) .{3,}|^\s*[✕✗×✖] |TEST-UNEXPECTED-|^\S.* > .+ FAILED$",
    ),
    (
        95,
        r"^error(?:\[E\d+\])?: |: error(?:\[[\w-]+\])?: |\berror (?:TS|CS|MSB|NU)\d+|^e: |\.\w{1,5}:\d+:\d+: (?:error|undefined|cannot|syntax)|\.(?:go|rs|ts|java|kt|c|cpp):\d+(?::\d+)?: ",
    ),
    (
        92,
        r"^\s*(?:E\s{2,})?(?:[\w.]+(?:Error|Exception|Failure)\b(?::|$)|AssertionError|panicked at|thread '.*' panicked)",
    ),
    (
        88,
        r"^(?:npm ERR!|npm error) (?:code|[A-Z])|^(?:\s*>? ?)(?:Could not (?:find|resolve|determine)|Execution failed for task)|^CMake Error|^make(?:\[\d+\])?: \*\*\*|Type error: ",
    ),
    (
        86,
        r"^\[ERROR\]\s+\S+:\[\d+|^\[ERROR\] (?:Failed to execute goal|  ?\S+\.\S+:\d+|Tests run:.*FAIL)|Tests run: .*(?:Failures: [1-9]|Errors: [1-9])",
    ),
    (84, r"(?i)^(?:fatal|fatal error|panic|critical)(?::| )|\bFATAL\b"),
    (80, r"^##\[error\]"),
    (72, r"^(?:Error|ERROR|error)\b"),
    (66, r"^\[ERROR\] "),
    (
        60,
        r"(?i)\b(?:cannot|could not|can't|unable to|failed to|no such file|not found|denied|refused|undefined|missing)\b",
    ),
    (52, r"\b(?:FAILED|FAILURE|FAIL)\b|\bfailed\b"),
    (45, r"(?i)\berrors?\b|\bexception\b"),
    (30, r"(?i)\b(?:timed out|timeout|killed|abort(?:ed)?|crash(?:ed)?)\b"),
    (10, r"(?i)fail|error"),
];

/// What only looks like an error.
const DECOYS: &str = r"(?i)\b(?:0 (?:errors?|failures?|failed)|no errors?|errors?: 0\b|failures?: 0\b|without errors?|continue-on-error|fail-fast|on_?error|if-no-files-found|--fail|set -e|error-?prone|errorlevel|PASS(?:ED)?\b|\bok\b$|deprecat|warning\b|\bWARN\b|error\.(?:rs|py|js|go|ts)\b$|allow-?failures?|npm warn)|^\s*(?:✓|√|\+ |Downloading|Downloaded|Compiling|Installing|Collecting|Get:\d|Unpacking|Setting up|inflating|Receiving objects|remote: )|^Error: Process completed with exit code|^##\[error\]Process completed with exit code|^\s*at .*\(.*\)$";

static SET: LazyLock<RegexSet> =
    LazyLock::new(|| RegexSet::new(KINDS.iter().map(|(_, pattern)| pattern)).expect("the patterns are valid"));
static DECOY: LazyLock<Regex> = LazyLock::new(|| Regex::new(DECOYS).expect("a pattern"));
/// Lines that hold none of these are not looked at.
static HINT: LazyLock<aho_corasick::AhoCorasick> = LazyLock::new(|| {
    let words = [
        "error",
        "fail",
        "exception",
        "panic",
        "fatal",
        "cannot",
        "could not",
        "can't",
        "unable",
        "not found",
        "denied",
        "refused",
        "undefined",
        "missing",
        "timed out",
        "timeout",
        "killed",
        "abort",
        "crash",
        "critical",
        "no such file",
        "err!",
        "✕",
        "✗",
        "×",
        "✖",
        "●",
        ") ",
        "e: ",
        "***",
        "unexpected",
    ];
    aho_corasick::AhoCorasick::builder().ascii_case_insensitive(true).build(words).expect("the words are valid")
});

/// Candidates kept while reading.
const KEPT: usize = 400;
/// Lines reported.
const REPORTED: usize = 10;
pub const TEXT_MAX: usize = 500;

#[derive(Debug)]
struct Candidate {
    weight: i32,
    line: u64,
    text: String,
    step: u32,
}

#[derive(Debug, Default)]
pub struct Ranking {
    all: Vec<Candidate>,
    repeats: HashMap<u64, u32>,
    floor: i32,
}

impl Ranking {
    /// Takes a line in; answers its weight, 0 for a line of no interest.
    pub fn line(&mut self, no: u64, text: &str, step: u32) -> i32 {
        if text.len() < 4 || HINT.find(text).is_none() {
            return 0;
        }
        let mut weight = SET.matches(text).into_iter().map(|at| KINDS[at].0).max().unwrap_or(0);
        if weight == 0 {
            return 0;
        }
        if DECOY.is_match(text) {
            weight /= 3;
        }
        let repeat = self.repeat(text);
        if repeat > 0 || weight < self.floor {
            return weight;
        }
        self.all.push(Candidate { weight, line: no, text: text.trim().chars().take(TEXT_MAX).collect(), step });
        if self.all.len() >= KEPT * 2 {
            self.shrink();
        }
        weight
    }

    /// How often this text was seen before, digits aside.
    fn repeat(&mut self, text: &str) -> u32 {
        use std::hash::{DefaultHasher, Hasher};
        const SEEN_MAX: usize = 100_000;
        let mut hash = DefaultHasher::new();
        text.bytes()
            .filter(|b| !b.is_ascii_digit() && !b.is_ascii_whitespace())
            .take(200)
            .for_each(|b| hash.write_u8(b));
        if self.repeats.len() >= SEEN_MAX {
            return 0;
        }
        let seen = self.repeats.entry(hash.finish()).or_default();
        *seen += 1;
        *seen - 1
    }

    fn shrink(&mut self) {
        self.all.sort_by(|a, b| b.weight.cmp(&a.weight).then(b.line.cmp(&a.line)));
        self.all.truncate(KEPT);
        self.floor = self.all.last().map_or(0, |last| last.weight);
    }

    /// The best lines. `failing` is the step that failed, where the runner says so: its lines go before others.
    pub fn finish(mut self, failing: Option<u32>) -> Vec<ErrorLine> {
        let score = |c: &Candidate| c.weight + if failing.is_some() && failing == Some(c.step) { 40 } else { 0 };
        self.all.sort_by(|a, b| score(b).cmp(&score(a)).then(a.line.cmp(&b.line)));
        self.all.truncate(REPORTED);
        self.all.into_iter().map(|c| ErrorLine { line: c.line, text: c.text.into() }).collect()
    }
}
