//! unittest of Python's standard library.

pub mod edit;
mod name;
mod read;

use super::edit::Editor;
use super::{ByLine, LineObserver, TestFramework};

pub struct Unittest;

impl TestFramework for Unittest {
    fn id(&self) -> &'static str {
        "unittest"
    }

    fn words(&self) -> &'static [&'static str] {
        &["FAIL: ", "ERROR: "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::UnittestEditor]
    }
}
