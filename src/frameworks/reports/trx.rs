//! The TRX files of `dotnet test --logger trx`: `<TestRun><Results><UnitTestResult outcome="Failed"/></Results></TestRun>`
//! (the schema `vstst.xsd` of Visual Studio).

use super::xml::{self, Visitor, attribute};
use super::{Case, Each, Item};
use crate::domain::outcome::Ended;
use quick_xml::events::BytesStart;
use std::io::BufRead;

pub fn begins(head: &[u8]) -> bool {
    xml::roots(head, &["TestRun"])
}

pub fn read(source: &mut dyn BufRead, each: &mut Each<'_>) -> Result<(), String> {
    let mut reading = Reading { each, open: Vec::new(), message: false };
    xml::walk(source, &mut reading)
}

struct Reading<'e, 'i> {
    each: &'e mut Each<'i>,
    /// Results within results: the rows of a test with data.
    open: Vec<Case>,
    message: bool,
}

impl Visitor for Reading<'_, '_> {
    fn start(&mut self, element: &BytesStart<'_>) {
        match element.local_name().as_ref() {
            "UnitTestResult" => self.open.push(case(element)),
            "Message" => self.message = true,
            _ => {}
        }
    }

    fn text(&mut self, text: &str) {
        if let Some(case) = self.open.last_mut().filter(|_| self.message) {
            case.message.get_or_insert_default().push_str(text);
        }
    }

    fn end(&mut self, name: &str) {
        match name {
            "Message" => self.message = false,
            "UnitTestResult" => {
                if let Some(case) = self.open.pop() {
                    (self.each)(Item::Test(case));
                }
            }
            _ => {}
        }
    }
}

fn case(element: &BytesStart<'_>) -> Case {
    let ended = match attribute(element, "outcome").as_deref() {
        Some("Passed" | "Completed" | "Warning") => Ended::Pass,
        Some("Timeout") => Ended::Timeout,
        Some("Failed" | "Error" | "Aborted" | "PassedButRunAborted") => Ended::Fail,
        _ => Ended::Skip,
    };
    let mut case = Case::new("dotnet", attribute(element, "testName").unwrap_or_default(), ended);
    case.duration_ms = attribute(element, "duration").and_then(|text| duration(&text));
    case
}

/// `00:01:02.5000000`, in milliseconds.
fn duration(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let (hours, minutes): (u64, u64) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let seconds = super::seconds(parts.next()?.parse().ok()?)?;
    hours.checked_mul(60)?.checked_add(minutes)?.checked_mul(60_000)?.checked_add(seconds)
}
