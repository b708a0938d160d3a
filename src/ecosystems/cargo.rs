mod read;

use super::{Ecosystem, Found};

pub struct Cargo;

impl Ecosystem for Cargo {
    fn id(&self) -> &'static str {
        "cargo"
    }

    fn words(&self) -> &'static [&'static str] {
        &["compiling ", "downloaded ", "checking ", "adding ", "updating "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }
}
