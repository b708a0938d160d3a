//! hspec's `--match "/Cart/adds shipping/"`, tasty's `adds shipping: FAIL`, and Cabal's `Test suite spec: FAIL` where nothing
//! else is named.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static HSPEC: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"--match "/(.+)/"(?: --seed \d+)?$"#).expect("a pattern"));
static TASTY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^ +(\S.*?): +FAIL(?: \(\d+\.\d+s\))?$").expect("a pattern"));
static CABAL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^Test suite (\S+): FAIL$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    suites: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(found) = HSPEC.captures(line) {
            let selector = format!("/{}/", &found[1]);
            self.names.add_selected("haskell", &found[1].replace('/', " › "), Some(&selector), None);
        } else if let Some(found) = TASTY.captures(line) {
            self.names.add("haskell", &found[1], None);
        } else if let Some(found) = CABAL.captures(line) {
            self.suites.add("haskell", &found[1], None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        if self.names.total > 0 { self.names } else { self.suites }
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{haskell::Haskell, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("  To rerun use: --match \"/Cart/total/adds shipping/\" --seed 12", &["Cart › total › adds shipping"][..]),
            ("    adds shipping:   FAIL (0.01s)\n      expected: 3", &["adds shipping"][..]),
            ("Test suite spec: RUNNING...\nTest suite spec: FAIL", &["spec"][..]),
            ("Result: FAIL", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Haskell, text), want, "{text}");
        }
    }
}
