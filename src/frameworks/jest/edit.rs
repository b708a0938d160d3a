//! Skips and releases Jest tests: `it.skip`, `describe.skip`, `it.skip.each`, `it.concurrent.skip`.

use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::javascript::{self, Dialect, Runner, words};

/// Jest's functions. They are global unless `@jest/globals` is imported.
pub const DIALECT: Dialect = Dialect {
    runner: Runner::Jest,
    id: "jest",
    title: "Jest",
    words: &[
        words::test("it"),
        words::test("test"),
        words::skipped_test("xit"),
        words::skipped_test("xtest"),
        words::focused_test("fit"),
        words::group("describe"),
        words::skipped_group("xdescribe"),
        words::focused_group("fdescribe"),
    ],
    modules: &["@jest/globals"],
    modifiers: &["failing"],
    tables: &["each"],
    separator: " › ",
};

/// The writing half for Jest.
pub struct JestEditor;

impl Editor for JestEditor {
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
