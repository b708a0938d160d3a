//! Busted's `Failure -> spec/cart_spec.lua @ 31`, with the name on the next line.

use crate::frameworks::{LineObserver, Names, cut};
use regex::Regex;
use std::sync::LazyLock;

static PLACE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:Failure|Error) (?:->|→) (\S+\.lua) @ \d+$").expect("a pattern"));

#[derive(Default)]
pub struct Reader {
    names: Names,
    file: Option<String>,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if let Some(file) = self.file.take() {
            self.names.add("busted", line, Some(&file));
            return false;
        }
        self.file = PLACE.captures(line).map(|found| cut(&found[1]));
        self.file.is_some()
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{busted::Busted, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            (
                "Failure -> spec/cart_spec.lua @ 31\nCart #total adds shipping\nspec/cart_spec.lua:34: Expected objects to be equal.",
                &["Cart #total adds shipping"][..],
            ),
            ("Error → spec/cart_spec.lua @ 10\nCart opens", &["Cart opens"][..]),
            ("error -> nothing of it", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Busted, text), want, "{text}");
        }
    }
}
