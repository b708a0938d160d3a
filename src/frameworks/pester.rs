//! Pester of PowerShell.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Pester;

impl TestFramework for Pester {
    fn id(&self) -> &'static str {
        "pester"
    }

    fn words(&self) -> &'static [&'static str] {
        &["[-] "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
