//! RSpec.

mod edit;
mod read;

use super::edit::Editor;
use super::{ByLine, LineObserver, TestFramework};

pub struct Rspec;

impl TestFramework for Rspec {
    fn id(&self) -> &'static str {
        "rspec"
    }

    fn words(&self) -> &'static [&'static str] {
        &["rspec "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::RspecEditor]
    }
}
