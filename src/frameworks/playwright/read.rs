//! Playwright's `1) [chromium] › file:line:column › suite › test`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static HEADLINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:✘ +)?\d+\)? (?:\[[\w -]+\] (?:›|\?\?) ?)?(\S+\.[cm]?[jt]sx?)(:\d+)(?::\d+)? (?:›|\?\?) ?(.+?)(?: [─=]+)?$").expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    names: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(found) = HEADLINE.captures(line.trim_end()) {
            let (file, test) = (&found[1], found[3].trim());
            let selector = format!("{file}{}", &found[2]);
            self.names.add_selected("playwright", &format!("{file} › {test}"), Some(&selector), Some(file));
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
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
            ("  at tests/e2e/a.spec.ts:19:3", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Playwright, text), want, "{text}");
        }
    }
}
