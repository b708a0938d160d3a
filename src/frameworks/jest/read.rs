//! Jest's `● suite › test`, Vitest's ` FAIL  file > suite > test`, and the crosses of both where no headline follows.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static BULLET: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^● (.+ › .+|[^›]+)$").expect("a pattern"));
static VITEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:FAIL|❯|×) +(?:\|[^|]+\| )?(\S+\.[cm]?[jt]sx?) > (.+?)(?: \d+ms)?$").expect("a pattern")
});
static FAIL: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^FAIL +(\S+\.[cm]?[jt]sx?)\b").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    file: Option<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) {
        let line = line.trim();
        if let Some(found) = line.strip_prefix("● ").and_then(|_| BULLET.captures(line)) {
            let name = found[1].trim();
            let noise = ["Console", "Test suite failed to run", "Cannot log after tests are done"];
            if !noise.iter().any(|word| name.ends_with(word)) && (name.contains('›') || self.file.is_some()) {
                let file = self.file.clone();
                self.names.add("jest", name, file.as_deref());
            }
            return;
        }
        if !(line.starts_with("FAIL") || line.starts_with('×')) {
            return;
        }
        if let Some(found) = VITEST.captures(line) {
            self.names.add("vitest", &found[2], Some(&found[1]));
        } else if let Some(found) = FAIL.captures(line) {
            self.file = Some(found[1].to_owned());
        }
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_jest_and_vitest_print() {
        for (lines, want) in [
            (&["FAIL src/a.test.ts", "  ● adds › two numbers"][..], Some("adds › two numbers")),
            (&["FAIL src/a.test.ts", "  ● lonely"], Some("lonely")),
            (&[" FAIL  src/a.test.ts > adds > two numbers"], Some("adds > two numbers")),
            (&["  ● Console"], None),
            (&["PASS src/a.test.ts"], None),
        ] {
            let mut reader = Box::<Reader>::default();
            for line in lines {
                reader.line(line);
            }
            let names = reader.finish();
            assert_eq!(names.tests.first().map(|t| t.name.raw()), want, "{lines:?}");
        }
    }
}
