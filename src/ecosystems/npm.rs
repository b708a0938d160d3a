mod read;

use super::{Ecosystem, Found};

pub struct Npm;

impl Ecosystem for Npm {
    fn id(&self) -> &'static str {
        "npm"
    }

    fn words(&self) -> &'static [&'static str] {
        &["+ ", "added ", "├─", "└─"]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }
}
