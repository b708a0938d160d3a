//! `ExUnit`'s `  1) test name (Module)`, with the place of the test on the next line.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static HEADLINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*\d+\) ((?:test|doctest|property|feature) .+ \([A-Z][\w.]*\))$").expect("a pattern")
});
static PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s+(\S+\.exs?)(:\d+)$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// The place stands on the next line.
    test: Option<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(test) = self.test.take() {
            match PLACE.captures(line) {
                Some(found) => {
                    let selector = format!("{}{}", &found[1], &found[2]);
                    self.names.add_selected("exunit", &test, Some(&selector), Some(&found[1]));
                }
                None => self.names.add("exunit", &test, None),
            }
        }
        self.test = HEADLINE.captures(line).map(|found| super::super::cut(&found[1]));
        self.test.is_some()
    }

    fn finish(mut self: Box<Self>) -> Names {
        if let Some(test) = self.test.take() {
            self.names.add("exunit", &test, None);
        }
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{exunit::Exunit, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "  1) test lock keeps order (Queue.ServerTest)\n     test/queue/server_test.exs:166\n     Assertion with == failed",
                &["test lock keeps order (Queue.ServerTest)"][..],
            ),
            ("  1) some list (of things)", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Exunit, text), want, "{text}");
        }
    }
}
