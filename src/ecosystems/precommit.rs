//! Hooks of pre-commit: repositories, each at a tag or commit.

mod edit;
mod name;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct PreCommit;

impl Ecosystem for PreCommit {
    fn id(&self) -> &'static str {
        "pre-commit"
    }

    fn words(&self) -> &'static [&'static str] {
        &["] updating ", "... updating "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::PreCommitPins]
    }
}
