//! `OUnit` and Alcotest of OCaml.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Ocaml;

impl TestFramework for Ocaml {
    fn id(&self) -> &'static str {
        "ocaml"
    }

    fn words(&self) -> &'static [&'static str] {
        &["error: ", "failure: ", "[fail]"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
