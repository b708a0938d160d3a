//! `ExUnit`'s `  1) test name (Module)`, with the place of the test on the next line.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static HEADLINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*\d+\) ((\w+) .+ \([A-Z][\w.]*\))$").expect("a pattern"));
/// Types of tests that `ExUnit` and its libraries bring; those of others are known by the place below.
const TYPES: [&str; 4] = ["test", "doctest", "property", "feature"];
static PLACE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s+(\S+\.exs?)(:\d+)$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// A headline, and whether it counts without a place on the next line.
    test: Option<(String, bool)>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some((test, sure)) = self.test.take() {
            match PLACE.captures(line) {
                Some(found) => {
                    let selector = format!("{}{}", &found[1], &found[2]);
                    self.names.add_selected("exunit", &test, Some(&selector), Some(&found[1]));
                }
                None if sure => self.names.add("exunit", &test, None),
                None => {}
            }
        }
        self.test = HEADLINE.captures(line).map(|found| (super::super::cut(&found[1]), TYPES.contains(&&found[2])));
        self.test.is_some()
    }

    fn finish(mut self: Box<Self>) -> Names {
        if let Some((test, true)) = self.test.take() {
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
            (
                "  1) scenario pays by card (Shop.PayTest)\n     test/shop/pay_test.exs:6\n     ** (ArgumentError) no card",
                &["scenario pays by card (Shop.PayTest)"][..],
            ),
            ("  1) see the manual (Chapter)\n  2) ask (Ben)", &[""; 0][..]),
            ("  1) some list (of things)", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Exunit, text), want, "{text}");
        }
    }
}
