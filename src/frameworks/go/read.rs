//! Go's `--- FAIL: TestName (0.00s)`, subtests with `/`; a parent is dropped where a child of it failed.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^--- FAIL: ((?:Test|Example|Fuzz|Benchmark)\S*)(?: \([\d.]+s\))?").expect("a pattern")
});

#[derive(Default)]
pub struct Reader {
    names: Vec<String>,
}

/// Parents are only known once children were seen, so names are kept until the end.
const SEEN_MAX: usize = 2_000;
const NAME_MAX: usize = 500;

impl LineObserver for Reader {
    fn line(&mut self, line: &str) {
        let line = line.trim();
        if !line.starts_with("--- FAIL") || self.names.len() >= SEEN_MAX {
            return;
        }
        if let Some(found) = FAIL.captures(line) {
            self.names.push(found[1].chars().take(NAME_MAX).collect());
        }
    }

    fn finish(self: Box<Self>) -> Names {
        let parents: std::collections::HashSet<&str> =
            self.names.iter().flat_map(|name| name.match_indices('/').map(move |(at, _)| &name[..at])).collect();
        let mut names = Names::default();
        for name in self.names.iter().filter(|name| !parents.contains(name.as_str())) {
            names.add("go", name, None);
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_subtest_stands_for_its_parent() {
        let mut reader = Box::<Reader>::default();
        for line in
            ["--- FAIL: TestA (0.01s)", "    --- FAIL: TestA/b_c (0.00s)", "--- PASS: TestD", "--- FAIL: TestE (0.00s)"]
        {
            reader.line(line);
        }
        let names: Vec<String> = reader.finish().tests.iter().map(|t| t.name.raw().to_owned()).collect();
        assert_eq!(names, ["TestA/b_c", "TestE"]);
    }
}
