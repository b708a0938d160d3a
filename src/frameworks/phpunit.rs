//! PHPUnit, with its data sets.

mod edit;
mod read;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Phpunit;

impl TestFramework for Phpunit {
    fn id(&self) -> &'static str {
        "phpunit"
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "There w",
            "FAIL  ",
            "FAILED  ",
            "• ",
            " by Sebastian Bergmann",
            "0) ",
            "1) ",
            "2) ",
            "3) ",
            "4) ",
            "5) ",
            "6) ",
            "7) ",
            "8) ",
            "9) ",
        ]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }

    fn editors(&self) -> &'static [&'static dyn Editor] {
        &[&edit::PhpunitEditor]
    }
}
