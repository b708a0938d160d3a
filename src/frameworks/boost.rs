//! Boost.Test and Catch2.

mod read;

use super::{LineObserver, TestFramework};

pub struct Boost;

impl TestFramework for Boost {
    fn id(&self) -> &'static str {
        "boost"
    }

    fn words(&self) -> &'static [&'static str] {
        &["error: in \"", ": FAILED:", "-----"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
