//! pip: requirements, constraints, pyproject.toml.

pub mod edit;
mod read;
mod uv;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Pip;

impl Ecosystem for Pip {
    fn id(&self) -> &'static str {
        "pip"
    }

    fn words(&self) -> &'static [&'static str] {
        &["successfully installed", "requirement already satisfied"]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::PipPins, &uv::edit::UvPins]
    }
}
