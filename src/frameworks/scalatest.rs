//! `ScalaTest`, `MUnit` and `specs2`.

mod read;

use super::{LineObserver, TestFramework};

pub struct Scalatest;

impl TestFramework for Scalatest {
    fn id(&self) -> &'static str {
        "scalatest"
    }

    fn words(&self) -> &'static [&'static str] {
        &["*** FAILED ***", "==> X ", "] x ", "Spec:", "Test:", "Suite:", "Tests:", "Specs:"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
