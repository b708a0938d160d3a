//! Playwright's test runner.

pub mod edit;
mod read;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Playwright;

impl TestFramework for Playwright {
    fn id(&self) -> &'static str {
        "playwright"
    }

    fn words(&self) -> &'static [&'static str] {
        &[" › ", " flaky", " passed", " failed"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::DIALECT]
    }
}
