//! `EUnit` and Common Test of Erlang.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Erlang;

impl TestFramework for Erlang {
    fn id(&self) -> &'static str {
        "erlang"
    }

    fn words(&self) -> &'static [&'static str] {
        &["...*failed*", "/0", "/1", "/2", " ==> "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
