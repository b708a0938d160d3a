//! Stack frames and positions inside the repository: `file:line`, and Python's `File "x.py", line 3`.

use super::rank::TEXT_MAX;
use super::vocabulary::Words;
use crate::domain::evidence::Frame;
use regex::Regex;
use std::sync::LazyLock;

/// Frames kept.
const KEPT: usize = 10;
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
const FOREIGN: [&str; 16] = [
    "node_modules",
    "site-packages",
    "dist-packages",
    ".cargo/registry",
    "/usr/",
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

#[derive(Debug, Default)]
pub struct Frames {
    kept: Vec<Frame>,
}

impl Frames {
    pub fn speak(listener: usize, words: &mut Words) {
        for ending in EXTENSIONS {
            words.add(listener, &format!(".{ending}:"));
            words.add(listener, &format!(".{ending}("));
        }
        words.add(listener, ".py\", line ");
    }

    /// Takes in a line that holds one of the words.
    pub fn line(&mut self, text: &str) {
        if self.kept.len() >= KEPT || text.len() > LINE_MAX {
            return;
        }
        let Some(found) = FRAME.captures(text) else { return };
        let file = &found[1];
        let known = self.kept.iter().any(|frame| frame.file.raw() == file);
        if known || FOREIGN.iter().any(|dir| file.contains(dir)) {
            return;
        }
        let text: String = text.trim().chars().take(TEXT_MAX).collect();
        self.kept.push(Frame { file: file.into(), line: found[2].parse().ok(), text: text.into() });
    }

    pub fn is_full(&self) -> bool {
        self.kept.len() >= KEPT
    }

    #[must_use]
    pub fn finish(self) -> Vec<Frame> {
        self.kept
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
            ("12:30:11 nothing", None),
        ] {
            let mut frames = Frames::default();
            frames.line(line);
            let found = frames.finish();
            let found = found.first().map(|frame| (frame.file.raw(), frame.line.unwrap_or_default()));
            assert_eq!(found, want, "{line}");
        }
    }
}
