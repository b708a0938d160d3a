//! Skips and releases Playwright tests: `test.skip`, `test.describe.skip`, or `test.skip(true, …)` inside a body.

use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::javascript::{self, Dialect, Runner, words};

/// Playwright's function. It is imported, from Playwright or from the project's own fixtures.
pub const DIALECT: Dialect = Dialect {
    runner: Runner::Playwright,
    id: "playwright",
    title: "Playwright",
    words: &[words::test("test")],
    modules: &["@playwright/test", "playwright/test"],
    modifiers: &["parallel", "serial", "fail"],
    tables: &[],
    separator: " › ",
};

/// The writing half for Playwright.
pub struct PlaywrightEditor;

impl Editor for PlaywrightEditor {
    fn id(&self) -> &'static str {
        DIALECT.id
    }

    fn reads(&self, path: &str) -> bool {
        javascript::reads(path)
    }

    fn file_of(&self, name: &str) -> Option<String> {
        javascript::file_of(name)
    }

    fn needle(&self, name: &str) -> String {
        javascript::needle(&DIALECT, name)
    }

    fn quarantine(&self, source: &Source, name: &str, mark: &Mark) -> Edited {
        javascript::quarantine(&DIALECT, source, name, mark)
    }

    fn release(&self, source: &Source, id: &str) -> Option<String> {
        javascript::release(&DIALECT, source, id)
    }
}
