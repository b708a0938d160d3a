//! XCTest's `Test Case '-[Suite test]' failed` and Swift Testing's `✘ Test name() failed`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static CASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:Test Case '|Restarting after unexpected exit.* in )(?:-\[)?([\w.]+)[ .](\w+)(?:\(\))?\]?(?:' failed \(|;|$)").expect("a pattern")
});
static SWIFT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"✘ Test (?:\x22([^\x22]+)\x22|(\w+\(.*?\))) (?:failed|recorded an issue)").expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = CASE.captures(line) {
        let selector = format!("{}/{}", &found[1], &found[2]);
        names.add_selected("xctest", &format!("{}.{}", &found[1], &found[2]), Some(&selector), None);
    } else if let Some(name) =
        SWIFT.captures(line).and_then(|found| found.get(1).or(found.get(2)).map(|m| m.as_str().to_owned()))
    {
        names.add("xctest", &name, None);
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
            ("✘ Test keepsOrder() recorded an issue at A.swift:3", &["keepsOrder()"][..]),
        ] {
            assert_eq!(read_lines(&Xctest, text), want, "{text}");
        }
    }
}
