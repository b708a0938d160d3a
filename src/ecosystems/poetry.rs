mod read;

use super::{Ecosystem, Found};

pub struct Poetry;

impl Ecosystem for Poetry {
    fn id(&self) -> &'static str {
        "poetry"
    }

    fn words(&self) -> &'static [&'static str] {
        &["- installing ", "- updating ", "- downgrading ", "• installing ", "• updating ", " + "]
    }

    fn read(&self, line: &str, found: &mut Found<'_>) {
        read::read(line, found);
    }
}
