mod read;

use super::{Ecosystem, Found};

pub struct Apt;

impl Ecosystem for Apt {
    fn id(&self) -> &'static str {
        "apt"
    }

    fn words(&self) -> &'static [&'static str] {
        &["setting up ", "unpacking "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }
}
