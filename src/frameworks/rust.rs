//! Rust: libtest's tests, and the attribute macros that make such tests.

mod edit;
mod find;
mod layout;
mod modules;
mod name;
mod read;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Rust;

impl TestFramework for Rust {
    fn id(&self) -> &'static str {
        "rust"
    }

    fn words(&self) -> &'static [&'static str] {
        &["... FAILED", "s] ", "... mismatch", "... error", "overflowed its stack"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::RustEditor]
    }
}
