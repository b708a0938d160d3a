//! What test and lint tools write into files: a shelf of report formats.
//!
//! # How to add one
//! Write `reports/x.rs` with two functions: one tells the format by a file's first bytes, the other hands over what the
//! report says, piece by piece. Then add its line to [`FORMATS`]. Everything a report holds is hostile: what it says goes
//! through [`Cleaner`], its size and depth are limited, and what does not fit is an error in words.

mod checkstyle;
mod go;
mod jest;
mod junit;
mod producer;
mod pytest;
mod sarif;
mod tap;
mod trx;
mod xml;

use super::{NAMES_KEPT, Names};
use crate::domain::outcome::Ended;
use crate::domain::text::clean_line;
use std::io::{BufRead, Read};
use std::time::Duration;

/// A larger report is refused, in bytes: it is read as a whole by some formats.
pub const BYTES_MAX: u64 = 32 << 20;
/// A longer name, path or message is cut, in characters.
const CHARS_MAX: usize = 500;
/// Findings kept of all reports of a run; the rest is counted.
const FINDINGS_KEPT: usize = 200;

/// One execution of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The framework's id, where the report tells it.
    pub framework: &'static str,
    /// As the framework's log names it, where that can be told from the report.
    pub name: String,
    /// What the framework's command line takes, where that is not the name.
    pub selector: Option<String>,
    pub file: Option<String>,
    pub ended: Ended,
    pub duration_ms: Option<u64>,
    /// What the failure says, its first line.
    pub message: Option<String>,
}

impl Case {
    fn new(framework: &'static str, name: impl Into<String>, ended: Ended) -> Self {
        Self { framework, name: name.into(), selector: None, file: None, ended, duration_ms: None, message: None }
    }
}

/// What a linter found, at the severity of an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub file: String,
    /// From 1.
    pub line: Option<u64>,
    pub text: String,
}

/// What a report says, piece by piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    Test(Case),
    Finding(Finding),
}

/// What secrets are masked with: see `evidence::redact`.
#[derive(Clone, Copy)]
pub struct Cleaner<'r> {
    /// For the name of a test.
    pub name: &'r dyn Fn(&str) -> String,
    /// For any other text.
    pub text: &'r dyn Fn(&str) -> String,
}

impl Cleaner<'_> {
    /// The first line that says something, masked before it is cut.
    fn line(text: &str, mask: &dyn Fn(&str) -> String) -> String {
        let first = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
        clean_line(&mask(first), CHARS_MAX)
    }

    fn item(&self, item: Item) -> Item {
        let text = |text: &str| Self::line(text, self.text);
        match item {
            Item::Test(case) => Item::Test(Case {
                name: Self::line(&case.name, self.name),
                selector: case.selector.map(|selector| Self::line(&selector, self.name)),
                file: case.file.map(|file| text(&file)),
                message: case.message.map(|message| text(&message)).filter(|message| !message.is_empty()),
                ..case
            }),
            Item::Finding(found) => {
                Item::Finding(Finding { file: text(&found.file), text: text(&found.text), ..found })
            }
        }
    }
}

/// Takes what a report says.
type Each<'e> = dyn FnMut(Item) + 'e;

/// A format of reports.
pub struct Format {
    pub id: &'static str,
    /// One line for each event: such a file may as well be read as a log.
    pub is_log: bool,
    /// Whether a file that begins so is one.
    begins: fn(&[u8]) -> bool,
    read: fn(&mut dyn BufRead, &mut Each<'_>) -> Result<(), String>,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.id)
    }
}

/// Every format; the first that knows a file takes it.
pub static FORMATS: [Format; 8] = [
    Format { id: "trx", is_log: false, begins: trx::begins, read: trx::read },
    Format { id: "checkstyle", is_log: false, begins: checkstyle::begins, read: checkstyle::read },
    Format { id: "junit", is_log: false, begins: junit::begins, read: junit::read },
    Format { id: "sarif", is_log: false, begins: sarif::begins, read: sarif::read },
    Format { id: "jest", is_log: false, begins: jest::begins, read: jest::read },
    Format { id: "pytest-json", is_log: false, begins: pytest::begins, read: pytest::read },
    Format { id: "go-json", is_log: true, begins: go::begins, read: go::read },
    Format { id: "tap", is_log: true, begins: tap::begins, read: tap::read },
];

/// The format of a file that begins so.
#[must_use]
pub fn of(head: &[u8]) -> Option<&'static Format> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    FORMATS.iter().find(|format| (format.begins)(head))
}

impl Format {
    /// Hands over what a report says, with its secrets masked. What came before a fault was handed over.
    ///
    /// # Errors
    /// Says what is wrong with the document.
    pub fn read(&self, source: impl BufRead, cleaner: Cleaner<'_>, each: &mut dyn FnMut(Item)) -> Result<(), String> {
        let mut source = source.take(BYTES_MAX + 1);
        let done = (self.read)(&mut source, &mut |item| each(cleaner.item(item)));
        if source.limit() == 0 {
            return Err(format!("not a {} report: it has more than {} MiB", self.id, BYTES_MAX >> 20));
        }
        done.map_err(|why| format!("not a {} report: {why}", self.id))
    }
}

/// What all reports of a run say together.
#[derive(Debug, Default)]
pub struct Report {
    /// Of the tests that failed.
    pub names: Names,
    /// Tests that were run.
    pub tests: u64,
    /// What the first failure says.
    pub message: Option<String>,
    /// What linters found: the first of them.
    pub findings: Vec<Finding>,
    pub findings_total: u64,
}

impl Report {
    pub fn add(&mut self, item: Item) {
        match item {
            Item::Test(case) => self.test(case),
            Item::Finding(found) => {
                self.findings_total += 1;
                if self.findings.len() < FINDINGS_KEPT {
                    self.findings.push(found);
                }
            }
        }
    }

    fn test(&mut self, case: Case) {
        self.tests += 1;
        if case.ended.is_failure() {
            self.names.add_selected(case.framework, &case.name, case.selector.as_deref(), case.file.as_deref());
            self.message = self.message.take().or(case.message);
        }
    }

    /// Adds what another report of the same run says.
    pub fn join(&mut self, other: Self) {
        self.tests += other.tests;
        self.names.total += other.names.total;
        let room = NAMES_KEPT.saturating_sub(self.names.tests.len());
        self.names.tests.extend(other.names.tests.into_iter().take(room));
        self.message = self.message.take().or(other.message);
        self.findings_total += other.findings_total;
        let room = FINDINGS_KEPT.saturating_sub(self.findings.len());
        self.findings.extend(other.findings.into_iter().take(room));
    }
}

/// Milliseconds of so many seconds; `None` of what is no length of time.
fn seconds(seconds: f64) -> Option<u64> {
    let length = Duration::try_from_secs_f64(seconds).ok()?;
    u64::try_from(length.as_millis()).ok()
}

/// A JSON document of one of these formats: its beginning names all of `members`.
fn names_members(head: &[u8], members: &[&str]) -> bool {
    head.first() == Some(&b'{')
        && members.iter().all(|name| memchr::memmem::find(head, format!("\"{name}\"").as_bytes()).is_some())
}

/// A JSON document as a whole; [`Format::read`] limits its size, `serde_json` its depth.
fn document<T: for<'de> serde::Deserialize<'de>>(source: &mut dyn BufRead) -> Result<T, String> {
    let mut bytes = Vec::new();
    source.read_to_end(&mut bytes).map_err(|why| why.to_string())?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    serde_json::from_slice(bytes).map_err(|why| why.to_string())
}

/// Calls `each` with every line, cut where it is longer than `max` bytes.
fn lines(source: &mut dyn BufRead, max: u64, each: &mut dyn FnMut(&[u8])) -> Result<(), String> {
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = (&mut *source).take(max).read_until(b'\n', &mut line).map_err(|why| why.to_string())?;
        if read == 0 {
            return Ok(());
        }
        each(&line);
    }
}

#[cfg(test)]
mod tests;
