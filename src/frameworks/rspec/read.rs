//! RSpec's `rspec ./spec/a_spec.rb:12 # Thing does`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^rspec (['\x22]?)(\S+_spec\.rb)((?::\d+|\[[\d:]+\]))['\x22]?(?: # .*)?$").expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line.trim()) {
        names.add("rspec", &format!("{}{}", &found[2], &found[3]), Some(&found[2]));
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, rspec::Rspec};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("rspec ./spec/models/user_spec.rb:12 # User is valid", &["./spec/models/user_spec.rb:12"][..]),
            ("rspec './spec/a_spec.rb[1:2:3]' # A b", &["./spec/a_spec.rb[1:2:3]"][..]),
            ("bundle exec rspec spec", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Rspec, text), want, "{text}");
        }
    }
}
