//! Bundler's `Installing rake 13.0.6` and `Using rake 13.0.6`.

use crate::ecosystems::Found;
use regex::Regex;
use std::sync::LazyLock;

static LINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:Installing|Using|Fetching) ([a-z][\w.-]*) (\d[\w.]*)(?: \(.*\))?(?: with native extensions)?$")
        .expect("a pattern")
});

pub fn read(line: &str, found: &mut Found<'_>) {
    if let Some(hit) = LINE.captures(line) {
        found(&hit[1], &hit[2]);
    }
}

#[cfg(test)]
mod tests {
    use crate::ecosystems::{bundler::Bundler, read_line};

    #[test]
    fn reads_what_is_printed() {
        for (line, package, version) in
            [("Installing rake 13.0.6", "rake", "13.0.6"), ("Using rails 7.0.1 (was 7.0.0)", "rails", "7.0.1")]
        {
            assert_eq!(read_line(&Bundler, line), [(package.to_owned(), version.to_owned())], "{line}");
        }
    }
}
