//! Bundler.

pub mod edit;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Bundler;

impl Ecosystem for Bundler {
    fn id(&self) -> &'static str {
        "bundler"
    }

    fn words(&self) -> &'static [&'static str] {
        &["installing ", "using ", "fetching "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::BundlerPins]
    }
}
