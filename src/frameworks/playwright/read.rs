//! Playwright's `1) [chromium] › file:line:column › suite › test`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

/// What the list reporter adds to a test that it tried again, and how long it took.
static TRIED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?: \(retry #\d+\))?(?: \([\d.]+m?s\))?$").expect("a pattern"));
/// The summary lists the flaky ones, which passed at last.
static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s{4,}(?:\[[\w -]+\] › )?(\S+\.[cm]?[jt]sx?):\d+(?::\d+)? › (.+?)(?: [─=]+)?$").expect("a pattern")
});
static HEADLINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:✘ +)?\d+\)? (?:\[[\w -]+\] (?:›|\?\?) ?)?(\S+\.[cm]?[jt]sx?)(:\d+)(?::\d+)? (?:›|\?\?) ?(.+?)(?: [─=]+)?$").expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// Below `1 flaky`.
    listing: bool,
    flaky: Vec<String>,
}

/// Flaky tests remembered.
const FLAKY_MAX: usize = 500;

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let counted = line.trim().split_once(' ').filter(|(n, _)| n.bytes().all(|b| b.is_ascii_digit()));
        if let Some((_, what)) = counted {
            self.listing = what.starts_with("flaky");
        } else if self.listing && self.flaky.len() < FLAKY_MAX {
            let listed = LISTED.captures(line.trim_end());
            self.flaky.extend(listed.map(|found| format!("{} › {}", &found[1], found[2].trim())));
        }
        if let Some(found) = HEADLINE.captures(line.trim_end()) {
            let (file, test) = (&found[1], TRIED.replace(found[3].trim(), ""));
            let selector = format!("{file}{}", &found[2]);
            self.names.add_selected("playwright", &format!("{file} › {test}"), Some(&selector), Some(file));
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        let mut names = self.names;
        let before = names.tests.len();
        names.tests.retain(|test| !self.flaky.iter().any(|flaky| flaky == test.name.raw()));
        names.total -= (before - names.tests.len()) as u64;
        names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{playwright::Playwright, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "  1) [chromium] › tests/e2e/a.spec.ts:19:3 › login › works ─────",
                &["tests/e2e/a.spec.ts › login › works"][..],
            ),
            (
                "  1) a.test.ts:3:1 › loads (1.2s)\n  2) a.test.ts:3:1 › loads (retry #1) (1.1s)",
                &["a.test.ts › loads"][..],
            ),
            (
                "  1) [chromium] › a.spec.ts:3:1 › wobbles\n  1 flaky\n    [chromium] › a.spec.ts:3:1 › wobbles\n  2 passed",
                &[""; 0][..],
            ),
            ("  at tests/e2e/a.spec.ts:19:3", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Playwright, text), want, "{text}");
        }
    }
}
