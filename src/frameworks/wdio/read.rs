//! The spec reporter of `WebdriverIO`: below a worker's session a tree of suites and tests, those that failed with `✖`.

use crate::frameworks::{LineObserver, Names, cut};
use regex::Regex;
use std::sync::LazyLock;

/// How a worker ends. Where none of them began a test, their files are all that is named.
static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[\d+-\d+\] FAILED in .+ - file://(\S+)").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    files: Names,
    /// Within a worker's report.
    inside: bool,
    suite: Option<String>,
    file: Option<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let text = line.trim();
        if text.starts_with("Session ID: ") {
            let (names, files) = (std::mem::take(&mut self.names), std::mem::take(&mut self.files));
            *self = Self { names, files, inside: true, ..Self::default() };
        } else if let Some(found) = FAILED.captures(text) {
            self.files.add("wdio", &found[1], Some(&found[1]));
        } else if text.ends_with(')') && (text.contains(" passing (") || text.contains(" failing (")) {
            self.inside = false;
        } else if let Some(file) = text.strip_prefix("» ") {
            self.inside = true;
            self.file = Some(cut(file));
        } else if let Some(test) = text.strip_prefix("✖ ").filter(|_| self.inside) {
            let name = self.suite.as_ref().map_or_else(|| test.to_owned(), |suite| format!("{suite} › {test}"));
            self.names.add("wdio", &name, self.file.as_deref());
        } else if self.inside && !text.is_empty() && !text.starts_with(['✓', '-', '»']) {
            self.suite = Some(cut(text));
        }
        self.inside
    }

    fn finish(self: Box<Self>) -> Names {
        if self.names.total > 0 { self.names } else { self.files }
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, wdio::Wdio};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "Session ID: 1\n\n» tests/cart.ts\nCart\n   ✓ Should be empty\n   ✖ Should add shipping\n\n1 failing (3s)\n✖ other",
                &["Cart › Should add shipping"][..],
            ),
            (
                "[0-0] RUNNING in chrome - file:///tests/cart.ts\n[0-0] FAILED in chrome - file:///tests/cart.ts (1 retries)",
                &["/tests/cart.ts"][..],
            ),
            ("✖ 3 problems (3 errors, 0 warnings)", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Wdio, text), want, "{text}");
        }
    }
}
