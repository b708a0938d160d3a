//! Bazel: test targets.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Bazel;

impl TestFramework for Bazel {
    fn id(&self) -> &'static str {
        "bazel"
    }

    fn words(&self) -> &'static [&'static str] {
        &["FAIL: //", "TIMEOUT: //", " FAILED in ", " TIMEOUT in ", " FAILED TO BUILD"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
