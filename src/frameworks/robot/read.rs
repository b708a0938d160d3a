//! Robot Framework's `Name | FAIL |`; below a suite's line stands how many of its tests passed.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(\S.*?)(?: :: .*?)? +\| FAIL \|$").expect("a pattern"));
static COUNT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\d+ (?:critical )?tests?, ").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// A test's name, or a suite's.
    name: Option<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(name) = self.name.take().filter(|_| !COUNT.is_match(line)) {
            self.names.add("robot", &name, None);
        }
        self.name = FAILED.captures(line).map(|found| super::super::cut(&found[1]));
        self.name.is_some()
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, robot::Robot};

    #[test]
    fn reads_what_is_printed() {
        let text = "Pays By Card :: With a valid card.        | FAIL |\nElement not found\nLogin Suite   | FAIL |\n3 tests, 2 passed, 1 failed";
        assert_eq!(read_lines(&Robot, text), ["Pays By Card"]);
    }
}
