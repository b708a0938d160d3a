mod read;

use super::{LineObserver, TestFramework};

pub struct Dotnet;

impl TestFramework for Dotnet {
    fn id(&self) -> &'static str {
        "dotnet"
    }

    fn words(&self) -> &'static [&'static str] {
        &["Failed ", "[FAIL]"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
