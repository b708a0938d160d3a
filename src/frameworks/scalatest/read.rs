//! `ScalaTest`'s `- name *** FAILED ***` under its suite, and `MUnit`'s `==> X suite.name`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static SUITE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\[info\] ((?:\w+\.)*\w*(?:Spec|Test|Suite|Tests|Specs)):$").expect("a pattern"));
static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:\[\w+\])?\s*- (.+?) \*\*\* FAILED \*\*\*(?: \(.*\))?$").expect("a pattern"));
static MUNIT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\[\w+\] )?==> X ((?:\w+\.)*[A-Z]\w*)\.(.+?)(?:  ?[\d.]+m?s\b.*)?$").expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    names: Names,
    suite: Option<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim_end();
        if let Some(found) = SUITE.captures(line) {
            self.suite = Some(super::super::cut(&found[1]));
        } else if let Some(found) = FAILED.captures(line) {
            let name = &found[1];
            match &self.suite {
                Some(suite) => {
                    let selector = format!("*{suite} -- -z \"{name}\"");
                    self.names.add_selected("scalatest", &format!("{suite} > {name}"), Some(&selector), None);
                }
                None => self.names.add("scalatest", name, None),
            }
        } else if let Some(found) = MUNIT.captures(line) {
            self.names.add("munit", &format!("{}.{}", &found[1], &found[2]), None);
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, scalatest::Scalatest};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "[info] FlowTest:\n[info] - should drain\n[info] - should keep order *** FAILED *** (3 milliseconds)",
                &["FlowTest > should keep order"][..],
            ),
            ("==> X com.acme.CartSuite.adds up  0.1s munit.FailException: no", &["com.acme.CartSuite.adds up"][..]),
            ("[info] *** 1 TEST FAILED ***", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Scalatest, text), want, "{text}");
        }
    }
}
