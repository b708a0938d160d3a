//! Skips and releases Vitest tests: `it.skip`, `describe.skip`, `it.skip.each`, `it.concurrent.skip`.

use crate::domain::edit::{Edited, Mark, Source};
use crate::frameworks::edit::Editor;
use crate::frameworks::javascript::{self, Dialect, Runner, words};

/// Vitest's functions. They are imported, or global where the configuration says `globals: true`.
pub const DIALECT: Dialect = Dialect {
    runner: Runner::Vitest,
    id: "vitest",
    title: "Vitest",
    words: &[words::test("it"), words::test("test"), words::group("describe"), words::group("suite")],
    modules: &["vitest"],
    modifiers: &["sequential", "shuffle", "fails"],
    tables: &["each", "for"],
    separator: " > ",
};

/// The writing half for Vitest.
pub struct VitestEditor;

impl Editor for VitestEditor {
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
