//! Tests of Meson.

mod read;

use super::{ByLine, LineObserver, TestFramework};

pub struct Meson;

impl TestFramework for Meson {
    fn id(&self) -> &'static str {
        "meson"
    }

    fn words(&self) -> &'static [&'static str] {
        &[" fail ", " timeout ", " error ", " interrupt "]
    }

    fn observer(&self) -> Box<dyn LineObserver> {
        ByLine::observer(read::line)
    }
}
