mod read;

use super::{LineObserver, TestFramework};

pub struct Cucumber;

impl TestFramework for Cucumber {
    fn id(&self) -> &'static str {
        "cucumber"
    }

    fn words(&self) -> &'static [&'static str] {
        &["cucumber ", "Failing scenarios:", "Failed scenarios:", "Errored scenarios:", "Scenario: "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
