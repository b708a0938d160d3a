mod read;

use super::{Ecosystem, Found};

pub struct Composer;

impl Ecosystem for Composer {
    fn id(&self) -> &'static str {
        "composer"
    }

    fn words(&self) -> &'static [&'static str] {
        &["- installing ", "- upgrading ", "- locking "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }
}
