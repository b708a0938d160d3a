mod read;

use super::{LineObserver, TestFramework};

pub struct Go;

impl TestFramework for Go {
    fn id(&self) -> &'static str {
        "go"
    }

    fn words(&self) -> &'static [&'static str] {
        &["--- FAIL: ", "=== FAIL: "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
