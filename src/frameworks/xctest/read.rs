//! XCTest's `Test Case '-[Suite test]' failed`, the one that ran when the program crashed, Swift Testing's
//! `✘ Test name() failed`, and below `Failing tests:` the list of xcodebuild.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static CASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:Test Case '|Restarting after unexpected exit.* in )(?:-\[)?([\w.]+)[ .](\w+)(?:\(\))?\]?(?:' failed \(|;|$)").expect("a pattern")
});
static SWIFT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"✘ Test (?:\x22([^\x22]+)\x22|(\w+\(.*?\))) (?:failed|recorded an issue)").expect("a pattern")
});

/// Below `Failing tests:`.
static LISTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s+(?:-\[([\w.]+) (\w+)\]|([\w.]+)\.(\w+)\(\))$").expect("a pattern"));

static CASE_AT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"Test Case '(?:-\[)?([\w.]+)[ .](\w+)\]?' (started|passed|skipped)\b").expect("a pattern")
});

/// Words of a crash, which ends the test that runs.
const CRASH: [&str; 4] = ["signal code ", "Fatal error: ", "Illegal instruction", "Segmentation fault"];

#[derive(Default)]
pub struct Reader {
    names: Names,
    running: Option<(String, String)>,
    listing: bool,
    /// The list repeats shortly what cases name in full.
    listed: Names,
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
        if self.listing {
            if let Some(found) = LISTED.captures(line) {
                let part = |a, b| found.get(a).or(found.get(b)).map_or("", |part| part.as_str()).to_owned();
                let (suite, test) = (part(1, 3), part(2, 4));
                let selector = format!("{suite}/{test}");
                self.listed.add_selected("xctest", &format!("{suite}.{test}"), Some(&selector), None);
                return true;
            }
            // Each target of tests has a line of its own.
            self.listing = line.trim_end().ends_with(':');
            return self.listing;
        }
        self.listing = line.trim() == "Failing tests:";
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
        self.listing
    }

    fn finish(self: Box<Self>) -> Names {
        if self.names.total > 0 { self.names } else { self.listed }
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
            (
                "Failing tests:\n\tAppTests:\n\t\t-[QueueTests testOrder]\n\t\tQueueTests.testSize()\n\nTest session results:",
                &["QueueTests.testOrder", "QueueTests.testSize"][..],
            ),
            ("✘ Test keepsOrder() recorded an issue at A.swift:3", &["keepsOrder()"][..]),
        ] {
            assert_eq!(read_lines(&Xctest, text), want, "{text}");
        }
    }
}
