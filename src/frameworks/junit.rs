//! JUnit, whichever tool prints it. Its XML reports stand on a shelf of their own: `reports`.

mod annotations;
mod edit;
mod find;
mod imports;
mod java;
mod kotlin;
mod name;
mod read;
mod rows;
mod summary;

use super::edit::Editor;
use super::{LineObserver, TestFramework};

pub struct Junit;

impl TestFramework for Junit {
    fn id(&self) -> &'static str {
        "junit"
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "<<< FAILURE!",
            "<<< ERROR!",
            " FAILED",
            "Testcase: ",
            "Testsuite: ",
            "] Test ",
            "Failed tests:",
            "Tests in error:",
            "Failures:",
            "Errors:",
            "MethodSource [",
            "FAILED: ",
            "Total tests run:",
            "TestNG",
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
        &[&java::JavaEditor, &kotlin::KotlinEditor]
    }
}
