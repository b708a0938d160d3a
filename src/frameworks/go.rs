//! Go: `testing` with subtests and tables, and testify's suites.

mod edit;
mod find;
mod name;
mod place;
mod read;
mod table;

pub(super) use read::selector;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Go;

impl TestFramework for Go {
    fn id(&self) -> &'static str {
        "go"
    }

    fn words(&self) -> &'static [&'static str] {
        &["--- FAIL: ", "=== FAIL: ", "running tests:", ".Test"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::GoEditor]
    }
}
