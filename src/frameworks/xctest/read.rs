//! XCTest's `Test Case '-[Suite test]' failed`, the one that ran when the program crashed, and Swift Testing's
//! `✘ Test name() failed`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static CASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:Test Case '|Restarting after unexpected exit.* in )(?:-\[)?([\w.]+)[ .](\w+)(?:\(\))?\]?(?:' failed \(|;|$)").expect("a pattern")
});
static SWIFT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"✘ Test (?:\x22([^\x22]+)\x22|(\w+\(.*?\))) (?:failed|recorded an issue)").expect("a pattern")
});

static CASE_AT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"Test Case '(?:-\[)?([\w.]+)[ .](\w+)\]?' (started|passed|skipped)\b").expect("a pattern")
});

/// Words of a crash, which ends the test that runs.
const CRASH: [&str; 4] = ["signal code ", "Fatal error: ", "Illegal instruction", "Segmentation fault"];

#[derive(Default)]
pub struct Reader {
    names: Names,
    running: Option<(String, String)>,
}

impl Reader {
    fn add(&mut self, suite: &str, test: &str) {
        self.running = None;
        let selector = format!("{suite}/{test}");
        self.names.add_selected("xctest", &format!("{suite}.{test}"), Some(&selector), None);
    }
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(found) = CASE.captures(line) {
            self.add(&found[1], &found[2]);
        } else if let Some(found) = CASE_AT.captures(line) {
            self.running = (&found[3] == "started").then(|| (found[1].to_owned(), found[2].to_owned()));
        } else if let Some(found) = SWIFT.captures(line) {
            let name = found.get(1).or(found.get(2)).map_or("", |name| name.as_str());
            self.names.add("xctest", name, None);
        } else if CRASH.iter().any(|word| line.contains(word))
            && let Some((suite, test)) = self.running.take()
        {
            self.add(&suite, &test);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, xctest::Xctest};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "Test Case '-[AppTests.QueueTests testOrder]' failed (0.003 seconds).",
                &["AppTests.QueueTests.testOrder"][..],
            ),
            ("Test Case 'QueueTests.testOrder' failed (0.003 seconds)", &["QueueTests.testOrder"][..]),
            (
                "Restarting after unexpected exit, crash, or test timeout in QueueTests.testOrder(); summary will include",
                &["QueueTests.testOrder"][..],
            ),
            (
                "Test Case 'ATests.testFine' started at 1\nTest Case 'ATests.testFine' passed (0.1 seconds)\nTest Case 'ATests.testDies' started at 2\nExited with signal code 11",
                &["ATests.testDies"][..],
            ),
            ("✘ Test keepsOrder() recorded an issue at A.swift:3", &["keepsOrder()"][..]),
        ] {
            assert_eq!(read_lines(&Xctest, text), want, "{text}");
        }
    }
}
