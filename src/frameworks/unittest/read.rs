//! unittest's `FAIL: test (module.Class)`, nose's `FAIL: module.Class.test`, and doctests.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static HEADLINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:FAIL|ERROR): (?:Doctest: )?(([\w.]+) \(([\w.]+)\)|(?:\w+\.){2,}\w+(?:\(.*\))?)(?: \(.*\)| \[.*\])*$",
    )
    .expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = HEADLINE.captures(line.trim()) {
        // A module that could not be imported stands for its tests.
        if let (Some(module), Some(class)) = (found.get(2), found.get(3))
            && ["_FailedTest", "ModuleImportFailure", "LoadTestsFailure"]
                .iter()
                .any(|one| class.as_str().ends_with(one))
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
            ("ERROR: could not find a version\nERROR: Could not import module: a.b.c", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Unittest, text), want, "{text}");
        }
    }
}
