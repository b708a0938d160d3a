//! Mocha, in all its dialects.

pub mod edit;
mod read;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Mocha;

impl TestFramework for Mocha {
    fn id(&self) -> &'static str {
        "mocha"
    }

    fn words(&self) -> &'static [&'static str] {
        &[" failing", "0) ", "1) ", "2) ", "3) ", "4) ", "5) ", "6) ", "7) ", "8) ", "9) "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::DIALECT]
    }
}
