//! Skips and releases Playwright tests: `test.skip`, `test.describe.skip`, or `test.skip(true, …)` inside a body.

use crate::frameworks::javascript::{Dialect, Runner, words};

/// Playwright's function. It is imported, from Playwright or from the project's own fixtures.
pub const DIALECT: Dialect = Dialect {
    runner: Runner::Playwright,
    id: "playwright",
    title: "Playwright",
    words: &[words::test("test")],
    modules: &["@playwright/test", "playwright/test"],
    packages: &[r#""@playwright/test""#],
    modifiers: &["parallel", "serial", "fail"],
    tables: &[],
    separator: " › ",
};
