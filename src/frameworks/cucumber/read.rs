//! Cucumber's and Behave's lists of failing scenarios: `cucumber features/a.feature:12 # Scenario: …`.

use crate::frameworks::{LineObserver, Names};
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^\s*(cucumber |\d+\) Scenario: .* # )?(?:-p \S+ )?(?:(?:file:/*|classpath:))?(\S+\.feature)(:\d+)(?:\s+.*)?$",
    )
    .expect("a pattern")
});

/// A path in the repository: on the JVM it begins at the machine's root.
fn within(path: &str) -> &str {
    path.find("/src/test/").map_or(path, |at| &path[at + 1..])
}

#[derive(Default)]
pub struct Reader {
    names: Names,
    /// Behave lists without the command's name, under a headline.
    listing: bool,
}

impl LineObserver for Reader {
    fn line(&mut self, line: &str) -> bool {
        if ["Failing scenarios:", "Failed scenarios:", "Errored scenarios:"].contains(&line.trim_end()) {
            self.listing = true;
            return true;
        }
        self.listing &= !line.trim().is_empty();
        if let Some(found) = FAILED.captures(line)
            && (self.listing || found.get(1).is_some())
        {
            let file = within(&found[2]);
            self.names.add("cucumber", &format!("{file}{}", &found[3]), Some(file));
        }
        self.listing
    }

    fn finish(self: Box<Self>) -> Names {
        self.names
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{cucumber::Cucumber, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("cucumber features/builder.feature:55 # Scenario: Build", &["features/builder.feature:55"][..]),
            (
                "Failing scenarios:\n  features/a.feature:12  Pays\n\n  features/b.feature:3  Other",
                &["features/a.feature:12"][..],
            ),
            ("1) Scenario: Pays by card # features/pay.feature:7", &["features/pay.feature:7"][..]),
            ("Failed scenarios:\nclasspath:shop/pay.feature:7 # Pays", &["shop/pay.feature:7"][..]),
            (
                "Failed scenarios:\nfile:///var/ws/shop/src/test/resources/features/pay.feature:7 # Pays",
                &["src/test/resources/features/pay.feature:7"][..],
            ),
            ("  Scenario: x # features/builder.feature:55", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Cucumber, text), want, "{text}");
        }
    }
}
