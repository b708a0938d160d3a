//! Requirements as npm, pnpm and Yarn write them.
//!
//! `nodejs-semver` reads them too, but Composer's need the same machinery, which no crate has.

use super::range::{self, Rules};

/// Whether a version meets a requirement. None where the requirement is a tag, an address or something else that a version
/// cannot be held against.
pub fn meets(requirement: &str, version: &str) -> Option<bool> {
    range::meets(requirement, version, Rules::Npm)
}

/// Whether two versions agree in what `^` keeps.
pub fn same_line(one: &str, other: &str) -> bool {
    meets(&format!("^{one}"), other) == Some(true) || meets(&format!("^{other}"), one) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_npm() {
        let table = [
            ("^1.3.0", "1.3.0", Some(true)),
            ("^1.3.0", "1.2.9", Some(false)),
            ("^0.2.3", "0.3.0", Some(false)),
            ("^0.0.3", "0.0.4", Some(false)),
            ("~1.2", "1.2.9", Some(true)),
            ("1.x || >=2.5.0 || 5.0.0 - 7.2.3", "6.1.0", Some(true)),
            (">= 1.0 < 2", "1.9.9", Some(true)),
            ("<=1.2", "1.2.7", Some(true)),
            (">1.2", "1.2.7", Some(false)),
            ("*", "9.9.9", Some(true)),
            ("", "1.0.0", Some(true)),
            ("^1.0.0", "2.0.0-rc.1", Some(false)),
            ("^1.0.0", "1.5.0-rc.1", Some(false)),
            ("^1.5.0-beta", "1.5.0-rc.1", Some(true)),
            ("latest", "1.0.0", None),
            ("git+ssh://x", "1.0.0", None),
        ];
        for (requirement, version, met) in table {
            assert_eq!(meets(requirement, version), met, "{requirement} {version}");
        }
    }
}
