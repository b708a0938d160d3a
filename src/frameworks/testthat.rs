//! testthat of R.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Testthat;

impl TestFramework for Testthat {
    fn id(&self) -> &'static str {
        "testthat"
    }

    fn words(&self) -> &'static [&'static str] {
        &["failure (", "error (", "failure: ", "error: "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
