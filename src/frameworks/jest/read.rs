//! Jest's `● suite › test`, under the `FAIL file` that it belongs to; where no test is named, the files
//! that failed to run.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^FAIL +(?:\S+ )?(\S+\.[cm]?[jt]sx?)(?: \([\d.]+ m?s\))?$").expect("a pattern"));

/// The file is what failed.
const WHOLE: &str = "Test suite failed to run";

/// Headlines that name no test.
const NOT_TESTS: [&str; 5] =
    ["Console", "Cannot log after tests are done", "Validation Error", "Deprecation Warning", "process.exit called"];

#[derive(Default)]
pub struct Reader {
    names: Names,
    files: Names,
    file: Option<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        if let Some(name) = line.strip_prefix("● ") {
            let last = name.rsplit(" › ").next().unwrap_or(name);
            let is_test =
                !NOT_TESTS.iter().any(|words| if name == last { name.starts_with(words) } else { last == *words });
            if let (WHOLE, Some(file)) = (last, &self.file) {
                self.files.add("jest", file, Some(file));
            } else if is_test && last != WHOLE && (name.contains(" › ") || self.file.is_some()) {
                self.names.add_selected("jest", name, Some(&name.replace(" › ", " ")), self.file.as_deref());
            }
        } else if let Some(found) = FAIL.captures(line) {
            self.file = Some(super::super::cut(&found[1]));
        }
        false
    }

    fn finish(self: Box<Self>) -> Names {
        if self.names.total > 0 { self.names } else { self.files }
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{jest::Jest, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("FAIL src/a.test.ts\n  ● adds › two numbers", &["adds › two numbers"][..]),
            ("FAIL src/a.test.ts\n  ● lonely", &["lonely"][..]),
            ("FAIL a.test.js\n  ● ConsoleLogger › writes lines", &["ConsoleLogger › writes lines"][..]),
            ("FAIL src/a.test.ts\n  ● Test suite failed to run\n\n    SyntaxError: x", &["src/a.test.ts"][..]),
            ("  ● Test suite failed to run", &[""; 0][..]),
            ("  ● Console\nPASS src/a.test.ts", &[""; 0][..]),
            ("FAIL a.test.js\n  ● Cannot log after tests are done. Did you forget to wait?", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Jest, text), want, "{text}");
        }
    }
}
