//! PHPUnit's `1) Class::test`, with its data set.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static HEADLINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\d+\) ((?:\w+\\)*\w+)::(\w+)( with data set .+)?$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// Under `There were 2 risky tests:` and the like stand no failures.
    excused: bool,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if line.starts_with("There w") {
            self.excused = !(line.contains("failure") || line.contains("error"));
        } else if self.excused {
            return false;
        }
        if let Some(found) = HEADLINE.captures(line.trim()) {
            let data = found.get(3).map_or("", |data| data.as_str());
            let name = format!("{}::{}{data}", &found[1], &found[2]);
            let selector = format!("{}::{}", &found[1], &found[2]).replace('\\', "\\\\");
            self.names.add_selected("phpunit", &name, Some(&selector), None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{phpunit::Phpunit, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "1) Tests\\Unit\\UserTest::testName with data set #0 (1, 2)",
                &["Tests\\Unit\\UserTest::testName with data set #0 (1, 2)"][..],
            ),
            (
                "There was 1 risky test:\n1) ATest::risky\nThere were 2 failures:\n1) ATest::fails",
                &["ATest::fails"][..],
            ),
            ("1) some list item", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Phpunit, text), want, "{text}");
        }
    }
}
