//! AVA.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Ava;

impl TestFramework for Ava {
    fn id(&self) -> &'static str {
        "ava"
    }

    fn words(&self) -> &'static [&'static str] {
        &["[fail]: "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
