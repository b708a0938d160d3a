//! Go modules.

pub mod edit;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Go;

impl Ecosystem for Go {
    fn id(&self) -> &'static str {
        "go"
    }

    fn words(&self) -> &'static [&'static str] {
        &["go: "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::GoPins]
    }
}
