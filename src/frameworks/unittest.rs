//! unittest of Python's standard library.

pub mod edit;
mod name;
mod read;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

/// A line of this announces what failed.
const RULE: &str = "======================================================================";

pub struct Unittest;

impl TestFramework for Unittest {
    fn id(&self) -> &'static str {
        "unittest"
    }

    fn words(&self) -> &'static [&'static str] {
        &["FAIL: ", "ERROR: ", "... FAIL", "... ERROR", RULE]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::UnittestEditor]
    }
}
