mod read;

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
}
