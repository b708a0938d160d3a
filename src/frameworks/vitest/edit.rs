//! Skips and releases Vitest tests: `it.skip`, `describe.skip`, `it.skip.each`, `it.concurrent.skip`.

use crate::frameworks::javascript::{Dialect, Runner, words};

/// Vitest's functions. They are imported, or global where the configuration says `globals: true`.
pub const DIALECT: Dialect = Dialect {
    runner: Runner::Vitest,
    id: "vitest",
    title: "Vitest",
    words: &[words::test("it"), words::test("test"), words::group("describe"), words::group("suite")],
    modules: &["vitest"],
    packages: &[r#""vitest""#],
    modifiers: &["sequential", "shuffle", "fails"],
    tables: &["each", "for"],
    separator: " > ",
};
