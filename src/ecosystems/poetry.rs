//! Poetry.

pub mod edit;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Poetry;

impl Ecosystem for Poetry {
    fn id(&self) -> &'static str {
        "poetry"
    }

    fn words(&self) -> &'static [&'static str] {
        &["- installing ", "- updating ", "- downgrading ", "• installing ", "• updating ", " + "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::PoetryPins]
    }
}
