//! Boost.Test's `error: in "suite/test"`, and Catch2's banner above `file:line: FAILED:`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static BOOST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:fatal )?error: in \x22([^\x22]+)\x22: ").expect("a pattern"));
static CATCH: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\S+[:(]\d+\)?: FAILED:$").expect("a pattern"));

/// Where in Catch2's banner a line stands.
#[derive(Default, PartialEq)]
enum Banner {
    #[default]
    Outside,
    Above,
    Below,
}

#[derive(Default)]
pub struct Reader {
    names: Names,
    banner: Banner,
    test: Option<String>,
}

/// Catch2's rules are 79 characters wide.
const RULE: usize = 79;

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(found) = BOOST.captures(line) {
            self.names.add("boost", &found[1], None);
        } else if CATCH.is_match(line) {
            if let Some(test) = self.test.clone() {
                self.names.add("catch2", &test, None);
            }
        } else if line.len() == RULE && line.bytes().all(|b| b == b'-') {
            self.banner = if self.banner == Banner::Above { Banner::Below } else { Banner::Above };
            return self.banner == Banner::Above;
        } else if self.banner == Banner::Above {
            // The test, then its sections, indented.
            if !line.starts_with(' ') {
                self.test = Some(super::super::cut(line.trim()));
            }
            return true;
        }
        self.banner = Banner::Outside;
        false
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{boost::Boost, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("a.cpp(12): error: in \"cart/adds\": check 1 == 2 has failed", &["cart/adds"][..]),
            (
                &format!("{0}\nCart adds\n{0}\na.cpp:12\n\na.cpp:14: FAILED:\n  CHECK( a )", "-".repeat(79)),
                &["Cart adds"][..],
            ),
        ] {
            assert_eq!(read_lines(&Boost, text), want, "{text}");
        }
    }
}
