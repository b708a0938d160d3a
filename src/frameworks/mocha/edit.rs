//! Skips and releases Mocha tests, of the BDD and the TDD interface: `it.skip`, `describe.skip`, `test.skip`, `suite.skip`.

use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::javascript::{self, Dialect, Runner, words};

/// Mocha's functions. They are global unless `mocha` is imported.
pub const DIALECT: Dialect = Dialect {
    runner: Runner::Mocha,
    id: "mocha",
    title: "Mocha",
    words: &[
        words::test("it"),
        words::test("specify"),
        words::test("test"),
        words::skipped_test("xit"),
        words::skipped_test("xspecify"),
        words::group("describe"),
        words::group("context"),
        words::group("suite"),
        words::skipped_group("xdescribe"),
        words::skipped_group("xcontext"),
    ],
    modules: &["mocha"],
    modifiers: &[],
    tables: &[],
    separator: " ",
};

/// The writing half for Mocha.
pub struct MochaEditor;

impl Editor for MochaEditor {
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
