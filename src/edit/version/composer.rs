//! Requirements as Composer writes them.

use super::range::{self, Rules};

/// Whether a version meets a requirement. None where the requirement is a branch or something else that a version cannot
/// be held against.
pub fn meets(requirement: &str, version: &str) -> Option<bool> {
    range::meets(requirement, version, Rules::Composer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_composer() {
        let table = [
            ("~1.2", "1.9.0", Some(true)),
            ("~1.2.3", "1.3.0", Some(false)),
            ("1.2", "1.2.1", Some(false)),
            ("1.2.*", "v1.2.1", Some(true)),
            ("^7.0|^8.0", "8.1.0", Some(true)),
            (">=1.0,<2.0", "2.0.0", Some(false)),
            ("dev-main", "1.0.0", None),
            ("^1.0@beta", "1.2.0.0", Some(true)),
        ];
        for (requirement, version, met) in table {
            assert_eq!(meets(requirement, version), met, "{requirement} {version}");
        }
    }
}
