mod read;

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
}
