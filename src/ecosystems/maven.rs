//! Maven.

pub mod edit;
mod gradle;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Maven;

impl Ecosystem for Maven {
    fn id(&self) -> &'static str {
        "maven"
    }

    fn words(&self) -> &'static [&'static str] {
        &["downloaded from", "downloaded:", "download http"]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::MavenPins, &gradle::edit::GradlePins]
    }
}
