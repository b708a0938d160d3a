//! Go's `--- FAIL: TestName (0.00s)`, subtests with `/`; a parent is dropped where a child of it failed.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:--- FAIL: |=== FAIL: \S+ )([A-Za-z_]\S*)(?: \([\d.]+s\))?$").expect("a pattern"));

/// Parents are only known once children were seen, so names are kept until the end.
const SEEN_MAX: usize = 2_000;

#[derive(Default)]
pub struct Reader {
    names: Vec<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if self.names.len() < SEEN_MAX
            && (line.trim_start().starts_with("--- FAIL") || line.starts_with("=== FAIL"))
            && let Some(found) = FAIL.captures(line.trim_end())
        {
            self.names.push(super::super::cut(&found[1]));
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        let parents: std::collections::HashSet<&str> =
            self.names.iter().flat_map(|name| name.match_indices('/').map(move |(at, _)| &name[..at])).collect();
        let mut names = Names::default();
        for name in self.names.iter().filter(|name| !parents.contains(name.as_str())) {
            names.add_selected("go", name, Some(&selector(name)), None);
        }
        names
    }
}

/// What `go test -run` takes: each part of the name by itself, anchored.
fn selector(name: &str) -> String {
    name.split('/').map(|part| format!("^{}$", regex::escape(part))).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{go::Go, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "--- FAIL: TestA (0.01s)\n    --- FAIL: TestA/b_c (0.00s)\n--- PASS: TestD\n--- FAIL: TestE (0.00s)",
                &["TestA/b_c", "TestE"][..],
            ),
            ("=== FAIL: internal/a TestParse/foo(bar) (0.00s)", &["TestParse/foo(bar)"][..]),
            ("--- FAIL: kuttl/harness/install (3.10s)", &["kuttl/harness/install"][..]),
        ] {
            assert_eq!(read_lines(&Go, text), want, "{text}");
        }
    }
}
