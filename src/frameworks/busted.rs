//! Busted of Lua.

mod read;

use super::{LineObserver, TestFramework};

pub struct Busted;

impl TestFramework for Busted {
    fn id(&self) -> &'static str {
        "busted"
    }

    fn words(&self) -> &'static [&'static str] {
        &["failure -> ", "error -> ", "failure → ", "error → "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
