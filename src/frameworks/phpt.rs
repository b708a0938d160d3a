//! The `.phpt` tests of PHP itself and of its extensions.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Phpt;

impl TestFramework for Phpt {
    fn id(&self) -> &'static str {
        "phpt"
    }

    fn words(&self) -> &'static [&'static str] {
        &[".phpt]"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
