//! Robot Framework.

mod read;

use super::{LineObserver, TestFramework};

pub struct Robot;

impl TestFramework for Robot {
    fn id(&self) -> &'static str {
        "robot"
    }

    fn words(&self) -> &'static [&'static str] {
        &["| FAIL |"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
