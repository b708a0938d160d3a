mod read;

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
}
