//! unittest's `FAIL: test (module.Class)`, nose's `FAIL: module.Class.test`, doctests, and, where a log ends before its
//! summary, the verbose `test (module.Class) ... FAIL`.

use super::RULE;
use crate::frameworks::{LineObserver, Names};
use regex::{Captures, Regex};
use std::sync::LazyLock;

static HEADLINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:FAIL|ERROR): (?:Doctest: )?(([\w.]+) \(([\w.]+)\)|(?:\w+\.){2,}\w+(?:\(.*\))?)(?: \(.*\)| \[.*\])*$",
    )
    .expect("a pattern")
});

static VERBOSE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(\w+ \([\w.]+\))(?: \(.*\))? \.\.\. (?:FAIL|ERROR)$").expect("a pattern"));
/// Generated tests say anything here.
static ANNOUNCED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(?:FAIL|ERROR): (\S.*)$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    verbose: Names,
    /// The line before was a rule.
    announced: bool,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        if let Some(found) = HEADLINE.captures(line) {
            add(&mut self.names, &found);
        } else if let Some(found) = VERBOSE.captures(line) {
            if let Some(found) = HEADLINE.captures(&format!("FAIL: {}", &found[1])) {
                add(&mut self.verbose, &found);
            }
        } else if self.announced
            && let Some(found) = ANNOUNCED.captures(line)
        {
            self.names.add("unittest", &found[1], None);
        }
        self.announced = line == RULE;
        self.announced
    }

    fn finish(self: Box<Self>) -> Names {
        if self.names.total > 0 { self.names } else { self.verbose }
    }
}

/// Adds what a headline names.
fn add(names: &mut Names, found: &Captures<'_>) {
    // A module that could not be imported stands for its tests.
    if let (Some(module), Some(class)) = (found.get(2), found.get(3))
        && ["_FailedTest", "ModuleImportFailure", "LoadTestsFailure"].iter().any(|one| class.as_str().ends_with(one))
    {
        names.add_selected("unittest", &found[1], Some(module.as_str()), None);
        return;
    }
    let selector = match (found.get(2), found.get(3)) {
        // Since Python 3.11 the class is followed by the test's own name.
        (Some(test), Some(class)) if class.as_str().ends_with(&format!(".{}", test.as_str())) => {
            Some(class.as_str().to_owned())
        }
        (Some(test), Some(class)) => Some(format!("{}.{}", class.as_str(), test.as_str())),
        _ => None,
    };
    names.add_selected("unittest", &found[1], selector.as_deref(), None);
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, unittest::Unittest};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("FAIL: test_x (pkg.mod.Case)", &["test_x (pkg.mod.Case)"][..]),
            ("FAIL: numpy.core.TestSummarization.test_2d", &["numpy.core.TestSummarization.test_2d"][..]),
            ("ERROR: tests.test_a (unittest.loader._FailedTest)", &["tests.test_a (unittest.loader._FailedTest)"][..]),
            ("FAIL: test_x (pkg.mod.Case.test_x) (i=3)", &["test_x (pkg.mod.Case.test_x)"][..]),
            (
                "test_a (pkg.Case) ... ok\ntest_b (pkg.Case) ... ERROR\ntest_c (pkg.Case.test_c) ... FAIL",
                &["test_b (pkg.Case)", "test_c (pkg.Case.test_c)"][..],
            ),
            (
                "======================================================================\nERROR: Syntax: \"lists, nested\"\n----------------------------------------------------------------------",
                &["Syntax: \"lists, nested\""][..],
            ),
            ("ERROR: could not find a version\nERROR: Could not import module: a.b.c", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Unittest, text), want, "{text}");
        }
    }
}
