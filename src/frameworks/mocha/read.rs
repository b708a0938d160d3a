//! Mocha's list of failures after `N failing`: `1) suite`, then suites and the test one to a line, the last with a colon.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static COUNT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*\d+ failing\b").expect("a pattern"));
static FIRST: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*\d+\) (\S.*)$").expect("a pattern"));

/// Suites within suites.
const DEPTH_MAX: usize = 12;

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// After `N failing`.
    listing: bool,
    title: Vec<String>,
}

impl Reader {
    fn part(&mut self, part: &str) -> bool {
        let part = part.trim();
        if part.is_empty() || self.title.len() >= DEPTH_MAX {
            self.title.clear();
            return false;
        }
        let Some(last) = part.strip_suffix(':') else {
            self.title.push(part.to_owned());
            return true;
        };
        self.title.push(last.to_owned());
        self.names.add("mocha", &self.title.join(" "), None);
        self.title.clear();
        false
    }
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if COUNT.is_match(line) {
            self.listing = true;
            return false;
        }
        if !self.listing {
            return false;
        }
        if let Some(found) = FIRST.captures(line) {
            self.title.clear();
            return self.part(&found[1]);
        }
        !self.title.is_empty() && self.part(line)
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{mocha::Mocha, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "  2 failing\n\n  1) Lookup\n       should lookup seed:\n     Error: x\n  2) Html5 history \"before all\" hook:\n",
                &["Lookup should lookup seed", "Html5 history \"before all\" hook"][..],
            ),
            ("  1) should not be read before the count", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Mocha, text), want, "{text}");
        }
    }
}
