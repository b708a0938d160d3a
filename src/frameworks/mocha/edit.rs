//! Skips and releases Mocha tests, of the BDD and the TDD interface: `it.skip`, `describe.skip`, `test.skip`, `suite.skip`.

use crate::frameworks::javascript::{Dialect, Runner, words};

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
    packages: &[r#""mocha""#],
    modifiers: &[],
    tables: &[],
    separator: " ",
};
