//! The resolver room: what it moves, and that nothing of a repository runs.
//!
//! Tests that need crates.io or npm's registry say "skipped" where it is not reached; Go has a proxy of files.

mod hostile;
mod limits;
mod moves;
mod world;
