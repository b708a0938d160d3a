//! Foundry's `forge test`.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Forge;

impl TestFramework for Forge {
    fn id(&self) -> &'static str {
        "forge"
    }

    fn words(&self) -> &'static [&'static str] {
        &["[FAIL"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
