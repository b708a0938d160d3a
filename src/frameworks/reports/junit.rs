//! JUnit's XML, which most frameworks can write: `<testsuite><testcase><failure/></testcase></testsuite>`. There is no
//! standard; Surefire's schema (maven.apache.org/surefire, "surefire-test-report.xsd") is the widest that tools agree on.

use super::xml::{self, Visitor, attribute};
use super::{Case, Each, Item, producer, seconds};
use crate::domain::outcome::Ended;
use quick_xml::events::BytesStart;
use std::io::BufRead;

pub fn begins(head: &[u8]) -> bool {
    xml::roots(head, &["testsuite", "testsuites"])
}

pub fn read(source: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), String> {
    let mut reading = Reading { each, suites: 0, suite: String::new(), case: None, wants_text: false };
    xml::walk(source, &mut reading)?;
    if reading.suites == 0 { Err("no <testsuite> in it".into()) } else { Ok(()) }
}

/// A test case that is open.
struct Open {
    class: String,
    name: String,
    case: Case,
}

struct Reading<'e, 'i> {
    each: &'e mut Each<'i>,
    suites: u64,
    /// The name of the suite that began last.
    suite: String,
    case: Option<Open>,
    /// A failure without a message says it in its text.
    wants_text: bool,
}

impl Visitor for Reading<'_, '_> {
    fn start(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            "testsuites" => self.suites += 1,
            "testsuite" => {
                self.suites += 1;
                self.suite = attribute(element, "name").unwrap_or_default();
            }
            "testcase" => self.case = Some(open(element)),
            "failure" | "error" => self.failed(element),
            "skipped" => {
                if let Some(open) = &mut self.case {
                    open.case.ended = Ended::Skip;
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(open) = self.case.as_mut().filter(|_| self.wants_text)
            && !text.trim().is_empty()
        {
            self.wants_text = false;
            open.case.message = Some(text.to_owned());
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "failure" | "error" => self.wants_text = false,
            "testcase" => {
                if let Some(Open { class, name, case }) = self.case.take() {
                    (self.each)(Item::Test(producer::named(&self.suite, &class, &name, case)));
                }
            }
            _ => {}
        }
    }
}

impl Reading<'_, '_> {
    fn failed(&mut self, element: &BytesStart<'_>) {
        let Some(open) = &mut self.case else { return };
        open.case.ended = Ended::Fail;
        if open.case.message.is_none() {
            open.case.message = attribute(element, "message").filter(|message| !message.trim().is_empty());
            self.wants_text = open.case.message.is_none();
        }
    }
}

fn open(element: &BytesStart<'_>) -> Open {
    // GoogleTest lists tests that it did not run.
    let idle = attribute(element, "status").is_some_and(|status| matches!(status.as_str(), "notrun" | "disabled"));
    let mut case = Case::new("junit", "", if idle { Ended::Skip } else { Ended::Pass });
    case.file = attribute(element, "file").filter(|file| !file.is_empty());
    // Surefire groups the digits of long times.
    case.duration_ms = attribute(element, "time").and_then(|time| seconds(time.replace(',', "").parse().ok()?));
    Open {
        class: attribute(element, "classname").unwrap_or_default(),
        name: attribute(element, "name").unwrap_or_default(),
        case,
    }
}
