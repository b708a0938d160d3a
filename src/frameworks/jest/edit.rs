//! Skips and releases Jest tests: `it.skip`, `describe.skip`, `it.skip.each`, `it.concurrent.skip`.

use crate::frameworks::javascript::{Dialect, Runner, words};

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
    packages: &[r#""jest""#, r#""ts-jest""#, r#""react-scripts""#],
    modifiers: &["failing"],
    tables: &["each"],
    separator: " › ",
};
