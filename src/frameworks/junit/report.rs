//! JUnit's XML reports, which most frameworks can write: `<testsuite><testcase><failure/></testcase></testsuite>`; and
//! the TRX files of .NET: `<TestRun><Results><UnitTestResult outcome="Failed"/></Results></TestRun>`.

use crate::frameworks::{NAMES_KEPT, Names};
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::io::BufRead;

/// A larger report is cut, in bytes.
const REPORT_MAX: u64 = 32 << 20;
/// Deeper elements are refused: reports have a handful of levels.
const DEPTH_MAX: usize = 64;

/// A longer name or message is cut, in characters.
const ATTRIBUTE_MAX: usize = 500;

/// What a report says.
#[derive(Debug, Default)]
pub struct Report {
    pub names: Names,
    /// Tests that were run.
    pub tests: u64,
    /// The first line of the first failure's message.
    pub message: Option<String>,
}

/// Reads one report. Names and messages go through `redact` before they are cut. No entities are expanded but XML's own five, and no document type is looked at.
///
/// # Errors
/// Says what is wrong with the document, or that it is no report.
pub fn read(source: impl BufRead, redact: &dyn Fn(&str) -> String) -> Result<Report, String> {
    let mut reader = Reader::from_reader(source.take(REPORT_MAX));
    reader.config_mut().check_end_names = false;
    let mut reading = Reading { report: Report::default(), suites: 0, depth: 0, case: None, redact };
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer).map_err(|why| format!("not a JUnit report: {why}"))? {
            Event::Start(element) => reading.start(&element)?,
            Event::Empty(element) => {
                reading.start(&element)?;
                reading.end(element.local_name().as_ref());
            }
            Event::End(element) => reading.end(element.local_name().as_ref()),
            Event::Eof => break,
            _ => {}
        }
        buffer.clear();
    }
    if reading.suites == 0 { Err("not a JUnit report: no <testsuite> in it".into()) } else { Ok(reading.report) }
}

struct Reading<'r> {
    redact: &'r dyn Fn(&str) -> String,
    report: Report,
    suites: u64,
    depth: usize,
    /// The test case that is open, and whether it failed.
    case: Option<(String, Option<String>, bool)>,
}

impl Reading<'_> {
    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(format!("not a JUnit report: more than {DEPTH_MAX} levels"));
        }
        match element.local_name().as_ref() {
            "testsuite" | "testsuites" | "TestRun" => self.suites += 1,
            "UnitTestResult" => {
                self.report.tests += 1;
                let failed = self
                    .attribute(element, "outcome")
                    .is_some_and(|outcome| ["Failed", "Error", "Timeout", "Aborted"].contains(&outcome.as_str()));
                if let Some(name) = self.attribute(element, "testName").filter(|_| failed) {
                    self.report.names.add("dotnet", &name, None);
                }
            }
            "testcase" => {
                self.report.tests += 1;
                let (class, name) = (self.attribute(element, "classname"), self.attribute(element, "name"));
                let name = name.unwrap_or_default();
                let full = match class.filter(|class| !class.is_empty()) {
                    Some(class) => format!("{class}.{name}"),
                    None => name,
                };
                self.case = Some((full, self.attribute(element, "file"), false));
            }
            "failure" | "error" => {
                if let Some((_, _, failed)) = &mut self.case {
                    *failed = true;
                }
                if self.report.message.is_none() {
                    let message = self.attribute(element, "message").unwrap_or_default();
                    self.report.message =
                        message.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, name: &str) {
        self.depth = self.depth.saturating_sub(1);
        if name == "testcase"
            && let Some((name, file, true)) = self.case.take()
        {
            self.report.names.add("junit", &name, file.as_deref());
        }
    }

    /// The first line of an attribute.
    fn attribute(&self, element: &BytesStart<'_>, name: &str) -> Option<String> {
        let found = element.try_get_attribute(name).ok().flatten()?;
        let value = found.normalized_value(XmlVersion::Implicit1_0).ok()?;
        let first = value.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        Some(crate::domain::text::clean_line(&(self.redact)(first), ATTRIBUTE_MAX))
    }
}

/// Adds what another report of the same run says.
pub fn join(all: &mut Report, other: Report) {
    all.tests += other.tests;
    all.names.total += other.names.total;
    let room = NAMES_KEPT.saturating_sub(all.names.tests.len());
    all.names.tests.extend(other.names.tests.into_iter().take(room));
    all.message = all.message.take().or(other.message);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_failures_and_errors() {
        let xml = br#"<?xml version="1.0"?><testsuites><testsuite name="a">
            <testcase classname="tests.test_a" name="test_ok"/>
            <testcase classname="tests.test_a" name="test_b[x &lt; y]" file="tests/test_a.py"><failure message="boom&#10;more">t</failure></testcase>
            <testcase classname="" name="alone"><error message="x"/></testcase>
            <testcase classname="s" name="skipped"><skipped/></testcase></testsuite></testsuites>"#;
        let report = read(&xml[..], &str::to_owned).unwrap();
        let names: Vec<&str> = report.names.tests.iter().map(|test| test.name.raw()).collect();
        assert_eq!(names, ["tests.test_a.test_b[x < y]", "alone"]);
        assert_eq!((report.tests, report.message.as_deref()), (4, Some("boom")));
    }

    #[test]
    fn reads_the_results_of_dotnet() {
        let xml =
            br#"<?xml version="1.0"?><TestRun xmlns="http://microsoft.com/schemas/VisualStudio/TeamTest/2010"><Results>
            <UnitTestResult testName="Shop.CartTests.Adds" outcome="Passed"/>
            <UnitTestResult testName="Shop.CartTests.Pays(x: 1)" outcome="Failed"><Output/></UnitTestResult>
            </Results></TestRun>"#;
        let report = read(&xml[..], &str::to_owned).unwrap();
        let names: Vec<&str> = report.names.tests.iter().map(|test| test.name.raw()).collect();
        assert_eq!((names, report.tests), (vec!["Shop.CartTests.Pays(x: 1)"], 2));
    }

    #[test]
    fn refuses_what_is_no_report() {
        assert!(read(&b"<html></html>"[..], &str::to_owned).is_err());
        assert!(read(&b"<testsuite><testcase"[..], &str::to_owned).is_err());
        let deep = "<testsuite>".repeat(100);
        assert!(read(deep.as_bytes(), &str::to_owned).unwrap_err().contains("levels"));
        let bomb = br#"<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><testsuite><testcase name="&b;"><failure/></testcase></testsuite>"#;
        let report = read(&bomb[..], &str::to_owned).unwrap();
        assert!(report.names.tests.iter().all(|test| !test.name.raw().contains("aaaa")));
    }
}
