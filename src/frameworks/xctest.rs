mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Xctest;

impl TestFramework for Xctest {
    fn id(&self) -> &'static str {
        "xctest"
    }

    fn words(&self) -> &'static [&'static str] {
        &["' failed (", "recorded an issue", "✘ Test", "Restarting after unexpected exit"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
