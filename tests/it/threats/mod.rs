//! Bad input, each case under its number. Every one is refused or comes out harmless: no write upstream, no panic, and
//! the process still answers.

mod agents;
pub mod authorisation;
mod console;
mod injection;
mod order;
pub mod platforms;
mod reading;
mod resources;
mod signatures;

pub use injection::{HOSTILE, walk};
