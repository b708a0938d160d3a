//! Karma and Jasmine.

mod read;

use super::{LineObserver, TestFramework};

pub struct Karma;

impl TestFramework for Karma {
    fn id(&self) -> &'static str {
        "karma"
    }

    fn words(&self) -> &'static [&'static str] {
        &[" FAILED", "0) ", "1) ", "2) ", "3) ", "4) ", "5) ", "6) ", "7) ", "8) ", "9) ", "Failures:"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
