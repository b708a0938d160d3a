mod read;

use super::{Ecosystem, Found};

pub struct Go;

impl Ecosystem for Go {
    fn id(&self) -> &'static str {
        "go"
    }

    fn words(&self) -> &'static [&'static str] {
        &["go: "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }
}
