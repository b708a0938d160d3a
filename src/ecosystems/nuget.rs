//! NuGet.

pub mod edit;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Nuget;

impl Ecosystem for Nuget {
    fn id(&self) -> &'static str {
        "nuget"
    }

    fn words(&self) -> &'static [&'static str] {
        &["installed ", "installing "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::NugetPins]
    }
}
