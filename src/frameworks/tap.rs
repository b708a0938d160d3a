mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Tap;

impl TestFramework for Tap {
    fn id(&self) -> &'static str {
        "tap"
    }

    fn words(&self) -> &'static [&'static str] {
        &["not ok "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
