//! Vitest's ` FAIL  file > suite > test`, and its crosses where no such line follows.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^FAIL +(?:\|[^|]+\| )?(\S+\.[cm]?[jt]sx?) > (.+?)(?: \d+ms)?$").expect("a pattern"));
static CROSS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^× (?:\|[^|]+\| )?(\S+\.[cm]?[jt]sx?) > (.+?)(?: \d+ms)?$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    crosses: Names,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        let line = line.trim();
        let (names, found) = match FAIL.captures(line) {
            Some(found) => (&mut self.names, found),
            None => match CROSS.captures(line) {
                Some(found) => (&mut self.crosses, found),
                None => return false,
            },
        };
        names.add_selected("vitest", &found[2], Some(&found[2].replace(" > ", " ")), Some(&found[1]));
        false
    }

    fn finish(self: Box<Self>) -> Names {
        if self.names.total > 0 { self.names } else { self.crosses }
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, vitest::Vitest};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (" FAIL  src/a.test.ts > adds > two numbers", &["adds > two numbers"][..]),
            ("   × src/a.test.ts > adds > two 12ms", &["adds > two"][..]),
        ] {
            assert_eq!(read_lines(&Vitest, text), want, "{text}");
        }
    }
}
