//! Wishes to edit a repository's files: which files matter, and what becomes of them.

mod choice;
mod pin;
mod quarantine;
pub mod resolved;
mod told;
mod updates;

pub use pin::{Pin, Unpin};
pub use quarantine::{Extend, Quarantine, Release};

/// Joins names for a sentence: `a, b or c`.
fn alternatives(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [some @ .., last] => format!("{} or {last}", some.join(", ")),
    }
}
