mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Mozharness;

impl TestFramework for Mozharness {
    fn id(&self) -> &'static str {
        "mozharness"
    }

    fn words(&self) -> &'static [&'static str] {
        &["TEST-UNEXPECTED-"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
