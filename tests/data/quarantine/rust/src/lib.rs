//! A sample.

pub mod store;

/// Adds.
///
/// ```
/// assert_eq!(sample_app::add(1, 2), 3);
/// ```
pub fn add(a: i32, b: i32) -> i32 {
    a + b
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds() {
        assert_eq!(add(1, 2), 3);
    }

    /// A comment with `#[test] fn commented()`.
    #[test]
    #[should_panic(expected = "boom")]
    fn panics() {
        panic!("boom");
    }

    #[ignore]
    #[test]
    fn ignored() {}

    #[test]
    #[ignore = "needs a network"]
    fn ignored_for_a_reason() {}

    #[cfg_attr(windows, ignore)]
    #[test] // slow
    fn ignored_elsewhere() {}

    #[test] fn in_one_line() {}

    mod deeper {
        #[test]
        pub(crate) fn adds() -> Result<(), String> {
            Ok(())
        }
    }

    fn helper() -> &'static str {
        "#[test]\nfn in_text() {}"
    }

    #[test]
    fn uses_helper() {
        assert!(helper().contains("fn in_text"));
    }
}
