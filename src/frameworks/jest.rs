//! Jest.

pub mod edit;
mod read;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Jest;

impl TestFramework for Jest {
    fn id(&self) -> &'static str {
        "jest"
    }

    fn words(&self) -> &'static [&'static str] {
        &["● ", "FAIL "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::DIALECT]
    }
}
