//! `ExUnit` of Elixir.

mod read;

use super::{LineObserver, TestFramework};

pub struct Exunit;

impl TestFramework for Exunit {
    fn id(&self) -> &'static str {
        "exunit"
    }

    fn words(&self) -> &'static [&'static str] {
        &["0) ", "1) ", "2) ", "3) ", "4) ", "5) ", "6) ", "7) ", "8) ", "9) ", ".exs:"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
