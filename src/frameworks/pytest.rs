//! pytest: functions, classes, rows of parametrised tests.

mod case;
pub mod edit;
mod ids;
mod literal;
mod name;
mod read;
mod row;
mod table;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Pytest;

impl TestFramework for Pytest {
    fn id(&self) -> &'static str {
        "pytest"
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "FAILED ",
            " FAILED",
            "ERROR ",
            " ERROR  ",
            " ERROR [",
            "____ ",
            "Fatal Python error",
            " in test",
            "crashed while running",
        ]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::PytestEditor]
    }
}
