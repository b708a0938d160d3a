//! dbt's `Failure in test unique_orders (models/orders.yml)`.

use crate::frameworks::Names;
use regex::Regex;
use std::sync::LazyLock;

static FAILED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:Failure|Error) in (?:unit_)?test (\w+) \((\S+)\)$").expect("a pattern"));

/// Adds the failing test of a line.
pub fn line(names: &mut Names, line: &str) {
    if let Some(found) = FAILED.captures(line.trim_end()) {
        names.add("dbt", &found[1], Some(&found[2]));
    }
}

#[cfg(test)]
mod tests {
    use crate::frameworks::{dbt::Dbt, read_lines};

    #[test]
    fn reads_what_is_printed() {
        for (text, want) in [
            ("12:01:33  Failure in test unique_orders_id (models/orders.yml)", &["unique_orders_id"][..]),
            ("Failure in test of something", &[""; 0][..]),
        ] {
            assert_eq!(read_lines(&Dbt, text), want, "{text}");
        }
    }
}
