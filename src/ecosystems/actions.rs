mod read;

use super::{Ecosystem, Found};

pub struct Actions;

impl Ecosystem for Actions {
    fn id(&self) -> &'static str {
        "actions"
    }

    fn words(&self) -> &'static [&'static str] {
        &["download action repository"]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }
}
