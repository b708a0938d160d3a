//! `ci-rescue plan` from outside, on real repositories made by git itself.

mod edits;
mod hostile;
mod picks;
mod renames;
pub mod repo;
