//! Minitest's `Failure:` and `Error:`, each followed by `Class#test [file:line]:`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\d+\) (?:Failure|Error): ?|(?:FAIL|ERROR) +)?((?:[A-Z]\w*(?:::)?)+#test_\S+?)(?: \[(.+?):\d+\]| \([\d.]+s\))?:?$")
        .expect("a pattern")
});

/// Of `describe` and `it`, and of shoulda, which may say anything.
static SPEC: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^([A-Z][^#]*#test_(?:\d{4}_|: ).+?) +\[([^\]]+?):\d+\]:?$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// The line before said that a name follows.
    announced: bool,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        let headline = line.ends_with("Failure:");
        if (self.announced
            || line.contains("Failure:")
            || line.contains("Error:")
            || line.ends_with(':')
            || line.starts_with("FAIL ")
            || line.starts_with("ERROR "))
            && let Some(found) = NAME.captures(line).or_else(|| SPEC.captures(line))
        {
            let file = found.get(2).map(|file| file.as_str());
            let selector = found[1].split_once('#').map(|(_, test)| test.to_owned());
            self.names.add_selected("minitest", &found[1], selector.as_deref(), file);
        }
        self.announced = headline;
        headline
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{minitest::Minitest, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "  1) Failure:\nUserTest#test_valid [test/models/user_test.rb:12]:\nExpected true",
                &["UserTest#test_valid"][..],
            ),
            ("Error:\nA::BTest#test_x:\nNoMethodError: y", &["A::BTest#test_x"][..]),
            (" FAIL UserTest#test_x (0.12s)", &["UserTest#test_x"][..]),
            (
                "  1) Failure:\nCart::when empty#test_0001_costs nothing [test/cart_test.rb:9]:\nExpected: 0",
                &["Cart::when empty#test_0001_costs nothing"][..],
            ),
            (
                "Failure:\nTestPage#test_: a page with a title should show it.  [/src/test/test_page.rb:106]",
                &["TestPage#test_: a page with a title should show it."][..],
            ),
            ("NoMethodError: y\nUserTest#test_valid = 0.1 s = .", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Minitest, text), want, "{text}");
        }
    }
}
