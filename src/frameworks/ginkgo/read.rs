//! Ginkgo's summary: `[Fail] Containers [It] test`, and `[FAIL]` from version 2 on.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\s*\[(?:Fail|FAIL|PANICKED!?|TIMEDOUT)\] (\S.*)$").expect("a pattern"));
/// Where in a test it failed, in the middle of its name.
static NODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r" ?\[(?:It|BeforeEach|AfterEach|JustBeforeEach|JustAfterEach|BeforeAll|AfterAll|DeferCleanup[^\]]*)\] ?",
    )
    .expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line).filter(|found| NODE.is_match(&found[1])) {
        let whole = found[1].split(" [").next().map_or(0, str::len);
        let name = NODE.replacen(&found[1], 1, " ");
        let labels = name.rfind(" [").filter(|at| *at > whole && name.ends_with(']'));
        names.add("ginkgo", name[..labels.unwrap_or(name.len())].trim(), None);
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{ginkgo::Ginkgo, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("[Fail] Cart totals [It] adds shipping", &["Cart totals adds shipping"][..]),
            ("  [FAIL] Cart [BeforeEach] adds [Slow, e2e]", &["Cart adds"][..]),
            ("[FAIL] no node", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Ginkgo, text), want, "{text}");
        }
    }
}
