//! PHPUnit's `1) Class::test`, with its data set; `--testdox`'s `✘ Sentence` below its class; and what Pest and Laravel print
//! (Collision): `FAIL  Class` with `⨯ sentence` below it, then `FAILED  Class > sentence   Exception`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static HEADLINE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\d+\) ((?:\w+\\)*\w+)::(\w+)( with data set .+)?$").expect("a pattern"));

/// In the summary; up to version 5 of Collision with a bullet. Behind two spaces stands the exception.
static COLLISION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(?:FAILED {2}|• )((?:\w+\\)*\w+) > (\S.*?)(?: {2,}\S+)?\s*$").expect("a pattern")
});
/// The class that the lines below it are of: of Collision, or of `--testdox`.
static CLASS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\s*FAIL {2}((?:\w+\\)*\w+)|\S[^()]* \(((?:\w+\\)*\w+)\))\s*$").expect("a pattern")
});
/// A test that failed, below its class, and how long it took.
static BELOW: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s+[⨯✘] (\S.*?)(?: +\[?[\d.]+ ?m?s\]?)?\s*$").expect("a pattern"));

/// Stands behind the version.
const AUTHOR: &str = " by Sebastian Bergmann";

/// Tests remembered of those that a summary may name better.
const BELOW_MAX: usize = 500;

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// Under `There were 2 risky tests:` and the like stand no failures.
    excused: bool,
    /// Between PHPUnit's own headline and the time that it took: `--testdox` has no words of its own.
    running: bool,
    class: Option<String>,
    /// Where no summary names them.
    below: Vec<String>,
}

impl Reader {
    /// Answers whether the next line is wanted.
    fn sentence(&mut self, line: &str) -> bool {
        if let Some(found) = COLLISION.captures(line) {
            self.names.add("phpunit", &format!("{} > {}", &found[1], &found[2]), None);
        } else if let Some(found) = CLASS.captures(line) {
            self.class = found.get(1).or(found.get(2)).map(|class| super::super::cut(class.as_str()));
        } else if line.trim().is_empty() {
            self.class = None;
        } else if let Some(class) = self.class.as_ref().filter(|_| self.below.len() < BELOW_MAX)
            && let Some(found) = BELOW.captures(line)
        {
            self.below.push(super::super::cut(&format!("{class} > {}", &found[1])));
        }
        self.running |= line.contains(AUTHOR);
        self.running &= !line.starts_with("Time: ");
        self.running || self.class.is_some()
    }
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
            return self.running;
        }
        self.sentence(line)
    }

    fn finish(mut self: Box<Self>) -> Names {
        if self.names.total == 0 {
            self.below.iter().for_each(|name| self.names.add("phpunit", name, None));
        }
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
            (
                "   FAIL  Tests\\Feature\\CartTest\n  ✓ it adds                0.02s\n  ⨯ it pays by card        0.31s\n  ────\n   FAILED  Tests\\Feature\\CartTest > it pays by card   ErrorException\n  Undefined variable $card",
                &["Tests\\Feature\\CartTest > it pays by card"][..],
            ),
            ("  • Tests\\Unit\\CartTest > it adds\n  Failed asserting", &["Tests\\Unit\\CartTest > it adds"][..]),
            ("   FAIL  Tests\\CartTest\n  ⨯ it pays 0.31s\n\n  ⨯ of nothing", &["Tests\\CartTest > it pays"][..]),
            (
                "PHPUnit 10.5.2 by Sebastian Bergmann and contributors.\n\nCart (Tests\\Unit\\Cart)\n ✔ Adds\n ✘ Pays by card [1.25 ms]\n   │\n   │ Failed asserting that 3 is 2.\n ✘ Ends\n\n ✘ other",
                &["Tests\\Unit\\Cart > Pays by card", "Tests\\Unit\\Cart > Ends"][..],
            ),
            ("  ✘ 1 [chromium] › a.spec.ts:3:1 › pays\n  FAILED  a > b c", &["a > b c"][..]),
        ] {
            assert_eq!(read_lines(&Phpunit, text), want, "{text}");
        }
    }
}
