//! Tests of dbt.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Dbt;

impl TestFramework for Dbt {
    fn id(&self) -> &'static str {
        "dbt"
    }

    fn words(&self) -> &'static [&'static str] {
        &["failure in test ", "failure in unit_test ", "error in test "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
