//! Vitest.

pub mod edit;
mod read;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Vitest;

impl TestFramework for Vitest {
    fn id(&self) -> &'static str {
        "vitest"
    }

    fn words(&self) -> &'static [&'static str] {
        &["FAIL  ", " × "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::DIALECT]
    }
}
