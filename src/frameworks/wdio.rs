//! `WebdriverIO`.

mod read;

use super::{LineObserver, TestFramework};

pub struct Wdio;

impl TestFramework for Wdio {
    fn id(&self) -> &'static str {
        "wdio"
    }

    fn words(&self) -> &'static [&'static str] {
        &["session id: ", "✖ ", "» ", " passing", " failing", "] failed in "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
