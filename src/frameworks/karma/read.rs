//! Karma's `Chrome 120 (Linux) suite test FAILED`, and Jasmine's list: `1) suite test`, then `Message:`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static KARMA: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:Headless ?)?(?:Chrome|Chromium|Firefox|Safari|Edge|Opera|PhantomJS|IE|jsdom|Mobile Safari)[\w ./]*\([^)]*\) (\S.*) FAILED$")
        .expect("a pattern")
});
static LISTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\d+\) (\S.*)$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// Below `Failures:`.
    listing: bool,
    /// A name is one when its message follows.
    listed: Option<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(name) = self.listed.take().filter(|_| line.trim() == "Message:") {
            self.names.add("jasmine", &name, None);
        } else if line.trim() == "Failures:" {
            self.listing = true;
        } else if let Some(found) = KARMA.captures(line.trim()) {
            self.names.add("karma", &found[1], None);
        } else if self.listing {
            self.listed = LISTED.captures(line).map(|found| super::super::cut(&found[1]));
        }
        self.listed.is_some()
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{karma::Karma, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "Chrome Headless 120.0 (Linux x86_64) Cart totals adds FAILED\nChrome 91 (Linux): Executed 5 of 5 (1 FAILED)",
                &["Cart totals adds"][..],
            ),
            ("Failures:\n1) Cart totals adds\n  Message:\n    Expected 1 to be 2.", &["Cart totals adds"][..]),
            ("Failures:\n1) a list\nof things", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Karma, text), want, "{text}");
        }
    }
}
