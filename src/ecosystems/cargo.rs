//! Cargo.

pub mod edit;
pub mod graph;
pub mod lock;
pub mod manifest;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Cargo;

impl Ecosystem for Cargo {
    fn id(&self) -> &'static str {
        "cargo"
    }

    fn words(&self) -> &'static [&'static str] {
        &["compiling ", "downloaded ", "checking ", "adding ", "updating "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::CargoPins]
    }
}
