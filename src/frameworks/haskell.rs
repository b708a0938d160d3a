//! hspec, tasty and Cabal of Haskell.

mod read;

use super::{LineObserver, TestFramework};

pub struct Haskell;

impl TestFramework for Haskell {
    fn id(&self) -> &'static str {
        "haskell"
    }

    fn words(&self) -> &'static [&'static str] {
        &["--match \"", "fail", "test suite "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
