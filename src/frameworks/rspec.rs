//! RSpec.

mod edit;
mod read;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Rspec;

impl TestFramework for Rspec {
    fn id(&self) -> &'static str {
        "rspec"
    }

    fn words(&self) -> &'static [&'static str] {
        &["rspec "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::RspecEditor]
    }
}
