mod read;

use super::{LineObserver, TestFramework};

pub struct Tap;

impl TestFramework for Tap {
    fn id(&self) -> &'static str {
        "tap"
    }

    fn words(&self) -> &'static [&'static str] {
        &["not ok ", "(Wstat: ", " - too ", " - exited with status", " - missing test plan"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::new(read::Reader::default())
    }
}
