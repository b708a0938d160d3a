mod read;

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
}
