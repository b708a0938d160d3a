//! `dart test` and `flutter test`.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Dart;

impl TestFramework for Dart {
    fn id(&self) -> &'static str {
        "dart"
    }

    fn words(&self) -> &'static [&'static str] {
        &["[E]"]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
