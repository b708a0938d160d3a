//! Pester of PowerShell.

mod read;

use super::{LineObserver, TestFramework};

pub struct Pester;

impl TestFramework for Pester {
    fn id(&self) -> &'static str {
        "pester"
    }

    fn words(&self) -> &'static [&'static str] {
        &["[-] "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
