//! GoogleTest, and the programs that CTest runs.

mod read;

use super::{LineObserver, TestFramework};

pub struct Gtest;

impl TestFramework for Gtest {
    fn id(&self) -> &'static str {
        "gtest"
    }

    fn words(&self) -> &'static [&'static str] {
        &[
            "[  FAILED  ]",
            "[ RUN      ]",
            "[       OK ]",
            "Segmentation fault",
            "core dumped",
            "Sanitizer: ",
            "SIGSEGV",
            "SIGABRT",
            "Aborted",
            "***Failed",
            "***Exception",
            "***Timeout",
            "(Failed)",
            "(SEGFAULT)",
            "(Timeout)",
            "(Not Run)",
            "(Subprocess aborted)",
        ]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        Box::<read::Reader>::default()
    }
}
