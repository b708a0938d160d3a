mod read;

use super::{LineObserver, TestFramework};

pub struct Rust;

impl TestFramework for Rust {
    fn id(&self) -> &'static str {
        "rust"
    }

    fn words(&self) -> &'static [&'static str] {
        &["... FAILED", "s] "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
