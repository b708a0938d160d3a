//! Docker images: in Dockerfiles and compose files.

pub mod dockerfile;
pub mod edit;
pub mod image;
mod read;

use super::edit::PinEditor;
use super::{Ecosystem, Found};

pub struct Docker;

impl Ecosystem for Docker {
    fn id(&self) -> &'static str {
        "docker"
    }

    fn words(&self) -> &'static [&'static str] {
        &["@sha256:"]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }

    fn editors(&self) -> &'static [&'static dyn PinEditor] {
        &[&edit::DockerPins]
    }
}
