mod read;

use super::{LineObserver, TestFramework};

pub struct Pytest;

impl TestFramework for Pytest {
    fn id(&self) -> &'static str {
        "pytest"
    }

    fn words(&self) -> &'static [&'static str] {
        &["FAILED ", " FAILED", "ERROR ", " ERROR  ", " ERROR [", "____ "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
