//! Composer.

pub mod edit;
pub mod hash;
pub mod lock;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Composer;

impl Ecosystem for Composer {
    fn id(&self) -> &'static str {
        "composer"
    }

    fn words(&self) -> &'static [&'static str] {
        &["- installing ", "- upgrading ", "- locking "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::ComposerPins]
    }
}
