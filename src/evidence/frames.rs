//! Stack frames and positions inside the repository: `file:line`, and Python's `File "x.py", line 3`.

use super::rank::TEXT_MAX;
use super::vocabulary::Words;
use crate::domain::evidence::Frame;
use regex::Regex;
use std::sync::LazyLock;

/// Frames kept.
const KEPT: usize = 10;
/// Lines of this weight say what failed.
const TELLING: i32 = 80;
/// A longer line is no frame.
const LINE_MAX: usize = 2_000;

const EXTENSIONS: [&str; 25] = [
    "rs", "py", "go", "ts", "tsx", "js", "jsx", "mjs", "cjs", "java", "kt", "rb", "php", "cs", "cpp", "cc", "c", "h",
    "hpp", "swift", "scala", "vue", "ex", "exs", "groovy",
];

static FRAME: LazyLock<Regex> = LazyLock::new(|| {
    let endings = EXTENSIONS.join("|");
    Regex::new(&format!(
        r#"(?:^|[\s("'\[@])((?:[A-Za-z]:)?(?:\.{{0,2}}/|\\)?(?:[\w@.+-]+[/\\])*[\w@.+-]+\.(?:{endings}))(?::|\(|", line |:line )(\d{{1,6}})\b"#
    ))
    .expect("a pattern")
});

/// Where files stand that are not the repository's own.
const FOREIGN: [&str; 20] = [
    "node_modules",
    "site-packages",
    "dist-packages",
    ".cargo/registry",
    "/usr/lib/",
    "/usr/local/",
    "/usr/include/",
    "/vendor/",
    "/gems/",
    "go/pkg/mod",
    "rustc/",
    "/opt/hostedtoolcache",
    "hostedtoolcache",
    "node:internal",
    "internal/modules",
    "lib/python",
    ".pyenv/",
    "vendor/bundle",
    "/rustlib/",
    "java.base",
];

/// Calls that are not the repository's own, as Java prints them.
const FOREIGN_CALLS: [&str; 12] = [
    "java.",
    "javax.",
    "jdk.",
    "sun.",
    "org.junit",
    "junit.",
    "org.gradle",
    "org.apache.maven",
    "org.codehaus",
    "kotlin.",
    "scala.",
    "org.testng",
];

#[derive(Debug, Default)]
pub struct Frames {
    /// On lines that a person would want to see.
    telling: Vec<Frame>,
    others: Vec<Frame>,
}

impl Frames {
    pub fn speak(listener: usize, words: &mut Words) {
        for ending in EXTENSIONS {
            words.add(listener, &format!(".{ending}:"));
            words.add(listener, &format!(".{ending}("));
        }
        words.add(listener, ".py\", line ");
    }

    /// Takes in a line that holds one of the words, with its weight.
    pub fn line(&mut self, text: &str, weight: i32) {
        let kept = if weight >= TELLING { &mut self.telling } else { &mut self.others };
        if kept.len() >= KEPT || text.len() > LINE_MAX || text.contains("warning:") {
            return;
        }
        let Some(found) = FRAME.captures(text) else { return };
        let file = &found[1];
        let known = kept.iter().any(|frame| frame.file.raw() == file);
        let call = text.trim_start().strip_prefix("at ").unwrap_or_default();
        if known
            || FOREIGN.iter().any(|dir| file.contains(dir))
            || FOREIGN_CALLS.iter().any(|package| call.starts_with(package))
        {
            return;
        }
        let text: String = text.trim().chars().take(TEXT_MAX).collect();
        kept.push(Frame { file: file.into(), line: found[2].parse().ok(), text: text.into() });
    }

    /// Those on telling lines first, each file once.
    #[must_use]
    pub fn finish(self) -> Vec<Frame> {
        let mut all = self.telling;
        for frame in self.others {
            if all.len() < KEPT && !all.iter().any(|known| known.file == frame.file) {
                all.push(frame);
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_s_own_frames() {
        for (line, want) in [
            ("  at src/lib.rs:10:5", Some(("src/lib.rs", 10))),
            ("  File \"app/api.py\", line 33, in get", Some(("app/api.py", 33))),
            ("    at Object.<anonymous> (test/config/get.ts:32:38)", Some(("test/config/get.ts", 32))),
            ("Extensions.cs(41,52): error CS0023: x", Some(("Extensions.cs", 41))),
            ("  File \"/usr/lib/python3.11/site-packages/x.py\", line 3", None),
            ("at node_modules/jest/index.js:3:1", None),
            ("    at org.junit.Assert.fail(Assert.java:88)", None),
            ("    at com.acme.ShopTest.works(ShopTest.java:12)", Some(("ShopTest.java", 12))),
            ("12:30:11 nothing", None),
        ] {
            let mut frames = Frames::default();
            frames.line(line, 0);
            let found = frames.finish();
            let found = found.first().map(|frame| (frame.file.raw(), frame.line.unwrap_or_default()));
            assert_eq!(found, want, "{line}");
        }
    }
}
