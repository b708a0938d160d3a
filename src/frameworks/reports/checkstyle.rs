//! Checkstyle's XML, which most linters can write: `<checkstyle><file name="…"><error line="3" severity="error"
//! message="…"/></file></checkstyle>`.

use super::xml::{self, Visitor, attribute};
use super::{Each, Finding, Item};
use quick_xml::events::BytesStart;
use std::io::BufRead;

pub fn begins(head: &[u8]) -> bool {
    xml::roots(head, &["checkstyle"])
}

pub fn read(source: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), String> {
    xml::walk(source, &mut Reading { each, file: String::new() })
}

struct Reading<'e, 'i> {
    each: &'e mut Each<'i>,
    file: String,
}

impl Visitor for Reading<'_, '_> {
    fn start(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            "file" => self.file = attribute(element, "name").unwrap_or_default(),
            // Without a severity it is an error: that is Checkstyle's default.
            "error" if attribute(element, "severity").is_none_or(|severity| severity == "error") => {
                let line = attribute(element, "line").and_then(|line| line.parse().ok());
                let text = attribute(element, "message").unwrap_or_default();
                (self.each)(Item::Finding(Finding { file: self.file.clone(), line, text }));
            }
            _ => {}
        }
    }
}
