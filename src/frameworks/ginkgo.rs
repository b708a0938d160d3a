//! Ginkgo, which runs within Go's own tests.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Ginkgo;

impl TestFramework for Ginkgo {
    fn id(&self) -> &'static str {
        "ginkgo"
    }

    fn words(&self) -> &'static [&'static str] {
        &["[Fail]", "[FAIL]", "[PANICKED", "[TIMEDOUT]"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
