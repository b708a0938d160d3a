//! `EUnit` and Common Test of Erlang.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Erlang;

impl TestFramework for Erlang {
    fn id(&self) -> &'static str {
        "erlang"
    }

    fn words(&self) -> &'static [&'static str] {
        &["...*failed*", "_test/0", "_test_/0", "_suite ==> ", "_suite:"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
