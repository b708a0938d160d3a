//! Lines that frame, announce or name a failure without saying what is wrong.

use super::lines::body;
use regex::Regex;
use std::sync::LazyLock;

/// Words that say nothing by themselves.
const EMPTY: [&str; 96] = [
    "a",
    "aborted",
    "aborting",
    "all",
    "an",
    "and",
    "are",
    "audit",
    "build",
    "builds",
    "check",
    "checks",
    "code",
    "command",
    "compilation",
    "compile",
    "completed",
    "could",
    "deploy",
    "deployment",
    "details",
    "did",
    "during",
    "encountered",
    "error",
    "errored",
    "errors",
    "exception",
    "exceptions",
    "execution",
    "exit",
    "exiting",
    "fail",
    "failed",
    "failing",
    "fails",
    "failure",
    "failures",
    "fatal",
    "following",
    "for",
    "format",
    "formatting",
    "found",
    "had",
    "has",
    "have",
    "in",
    "install",
    "installation",
    "is",
    "it",
    "job",
    "jobs",
    "lint",
    "linter",
    "linting",
    "list",
    "more",
    "no",
    "not",
    "occurred",
    "of",
    "one",
    "or",
    "please",
    "problem",
    "problems",
    "process",
    "results",
    "run",
    "see",
    "some",
    "step",
    "steps",
    "stopped",
    "summary",
    "task",
    "tasks",
    "terminated",
    "test",
    "testing",
    "tests",
    "the",
    "there",
    "these",
    "unexpected",
    "validation",
    "was",
    "went",
    "were",
    "what",
    "where",
    "with",
    "workflow",
    "wrong",
];

/// What is counted.
const COUNTED: [&str; 33] = [
    "assertions",
    "checked",
    "duration",
    "elapsed",
    "examples",
    "file",
    "files",
    "finished",
    "hints",
    "info",
    "infos",
    "issue",
    "issues",
    "offense",
    "offenses",
    "passed",
    "passing",
    "pending",
    "ran",
    "runs",
    "scenarios",
    "seconds",
    "skipped",
    "skips",
    "specs",
    "steps",
    "success",
    "suites",
    "time",
    "total",
    "violations",
    "warning",
    "warnings",
];

/// Jest's bullet before a test's name, and scenarios by their place.
static NAMES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*● .+ › .+$|^\s*(?:cucumber )?\S+\.feature:\d+\b").expect("a pattern"));

/// What R, Karma, Minitest and bundlers print before the line that says it.
static ANNOUNCES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*Error in .{1,200} : ?$|^[A-Z][\w .]+ \([\w ._-]+\) ERROR$|^\d+\) (?:Failure|Error):$|\bfailed with \d+ errors?:$|error occurred while executing this line:$").expect("a pattern")
});

/// Whether a line only frames, announces or names a failure.
pub fn is_heading(text: &str) -> bool {
    is_banner(text) || is_module(text) || is_bare(text) || is_count(text) || NAMES.is_match(text)
}

/// `✖ 3 problems (1 error, 2 warnings)`, `16 tests, 1 failure in 0.4s`: how many, not what.
pub fn is_count(text: &str) -> bool {
    const WORDS_MAX: usize = 20;
    let text = body(text).unwrap_or(text).trim();
    let mut words = 0;
    let mut numbers = 0;
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        words += 1;
        let word = word.to_ascii_lowercase();
        let number = word.trim_end_matches(['s', 'm', 'h']).bytes().all(|b| b.is_ascii_digit());
        numbers += usize::from(number);
        let counted = COUNTED.contains(&word.as_str()) || EMPTY.binary_search(&word.as_str()).is_ok();
        if words > WORDS_MAX || !(number || counted) {
            return false;
        }
    }
    numbers > 0 && words > numbers
}

/// `Error:`, `Lint failed!`, `❌ Some checks were not successful`: empty words alone. Or what ends where a message would
/// begin.
pub fn is_bare(text: &str) -> bool {
    const WORDS_MAX: usize = 8;
    const LONG: usize = 80;
    let text = body(text).unwrap_or(text).trim();
    if ANNOUNCES.is_match(text) {
        return true;
    }
    if text.len() > LONG || text.bytes().any(|b| b.is_ascii_digit() || matches!(b, b'/' | b'\'' | b'"' | b'`' | b'=')) {
        return false;
    }
    let mut words = 0;
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        words += 1;
        let word = word.to_ascii_lowercase();
        if words > WORDS_MAX || EMPTY.binary_search(&word.as_str()).is_err() {
            return false;
        }
    }
    words > 0
}

/// `ERROR tests/test_a.py`, as pytest sums up a module that it could not import: why stands elsewhere.
fn is_module(text: &str) -> bool {
    let name = body(text).unwrap_or(text).trim().strip_prefix("ERROR ");
    name.is_some_and(|name| name.ends_with(".py") && !name.contains(' '))
}

/// Whether a line is a banner (`==== ERRORS ====`, `____ test_a ____`), nothing but punctuation, or progress.
pub fn is_banner(text: &str) -> bool {
    const RULE: usize = 4;
    let text = body(text).unwrap_or(text).trim();
    let Some(sign) = text.chars().next() else { return true };
    let rule = |count: usize| !sign.is_alphanumeric() && count >= RULE;
    let (before, after) =
        (text.chars().take_while(|c| *c == sign).count(), text.chars().rev().take_while(|c| *c == sign).count());
    // A rule on one side alone may be a list's or a diff's mark.
    if rule(before) && rule(after) {
        return true;
    }
    let words = text.chars().any(char::is_alphabetic);
    !words || is_progress(text)
}

/// `[ 45%] tests/…`, `45% |████    |`.
fn is_progress(text: &str) -> bool {
    let number = text.trim_start_matches(['[', '(', ' ']);
    let rest = number.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    rest.len() < number.len() && rest.starts_with('%')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banners_are_told_from_errors() {
        for banner in [
            "____________ ERROR collecting tests/test_a.py ____________",
            "==================================== ERRORS ====================================",
            "!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!",
            "----------",
            "[ 45%] Building CXX object error.o",
            "100% |████████████|",
            "...F.E..",
            "",
        ] {
            assert_eq!(is_banner(banner), !banner.contains('F'), "{banner}");
        }
        for error in [
            "E   ModuleNotFoundError: No module named 'flask'",
            "--- FAIL: TestX (0.00s)",
            "    error: x",
            "==> Error: the cask is gone",
            "*** [Makefile:3: all] Error 2",
        ] {
            assert!(!is_heading(error), "{error}");
        }
    }

    #[test]
    fn empty_words_are_sorted_and_headings_are_bare() {
        assert!(EMPTY.is_sorted());
        for heading in [
            "Error:",
            "##[error]Lint failed!",
            "❌ Some checks failed.",
            "[ERROR] COMPILATION ERROR :",
            "FAILURES!",
            "Error in parse(text = lines, n = -1) :",
            "Chrome Headless 107.0.5304.87 (Linux x86_64) ERROR",
            "  1) Failure:",
            "Error: Turbopack build failed with 1 errors:",
        ] {
            assert!(is_bare(heading), "{heading}");
        }
        for count in [
            "✖ 3 problems (1 error, 2 warnings)",
            "16 tests, 1 failure",
            "Found 1 error.",
            "1 failed, 2 passed in 3.4s",
        ] {
            assert!(is_count(count), "{count}");
        }
        for error in ["make: *** [Makefile:3: all] Error 2", "exit code 1 of prettier", "12", "error TS2322"] {
            assert!(!is_count(error), "{error}");
        }
        for error in ["Error: x", "Tests failed: 3", "make: *** [all] Error 2", "SyntaxError:", "boom", "----"] {
            assert!(!is_bare(error), "{error}");
        }
    }
}
