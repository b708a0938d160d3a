//! `XCTest` and Swift Testing.

mod read;

use super::{LineObserver, TestFramework};

pub struct Xctest;

impl TestFramework for Xctest {
    fn id(&self) -> &'static str {
        "xctest"
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "test case '",
            "failing tests:",
            "recorded an issue",
            "✘ Test",
            "Restarting after unexpected exit",
            "signal code ",
            "fatal error: ",
            "illegal instruction",
            "segmentation fault",
        ]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
