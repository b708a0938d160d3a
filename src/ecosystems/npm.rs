//! npm.

pub mod choose;
pub mod edit;
pub mod flow;
pub mod lock;
pub mod manifest;
mod overrides;
mod pnpm;
mod read;
pub mod relock;
pub mod tree;
pub mod world;
mod yarn;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Npm;

impl Ecosystem for Npm {
    fn id(&self) -> &'static str {
        "npm"
    }

    fn words(&self) -> &'static [&'static str] {
        &["+ ", "added ", "├─", "└─"]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::NpmPins, &pnpm::edit::PnpmPins, &yarn::edit::YarnPins]
    }
}
