//! RSpec's `rspec ./spec/a_spec.rb:12 # Thing does`. A line moves with every edit above it, so the description is the name.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^rspec (['\x22]?)(\S+_spec\.rb)((?::\d+|\[[\d:]+\]))['\x22]?(?: # (.*))?$").expect("a pattern")
});

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line.trim()) {
        let place = format!("{}{}", &found[2], &found[3]);
        match found.get(4).map(|text| text.as_str().trim()).filter(|text| !text.is_empty()) {
            Some(text) => names.add_selected("rspec", text, Some(&place), Some(&found[2])),
            None => names.add("rspec", &place, Some(&found[2])),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{read_lines, rspec::Rspec};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("rspec ./spec/models/user_spec.rb:12 # User is valid", &["User is valid"][..]),
            ("rspec './spec/a_spec.rb[1:2:3]' # A b", &["A b"][..]),
            ("rspec ./spec/a_spec.rb:7", &["./spec/a_spec.rb:7"][..]),
            ("bundle exec rspec spec", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Rspec, text), want, "{text}");
        }
    }
}
