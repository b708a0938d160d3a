mod read;

use super::{LineObserver, TestFramework};

pub struct Minitest;

impl TestFramework for Minitest {
    fn id(&self) -> &'static str {
        "minitest"
    }

    fn words(&self) -> &'static [&'static str] {
        &["Failure:", "#test_"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
