//! `ci-rescue plan` from outside, on real repositories made by git itself.

mod hostile;
mod picks;
pub mod repo;
