//! GitHub Actions: actions and reusable workflows.

pub mod edit;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Actions;

impl Ecosystem for Actions {
    fn id(&self) -> &'static str {
        "actions"
    }

    fn words(&self) -> &'static [&'static str] {
        &["download action repository"]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::ActionsPins]
    }
}
