//! How a language's tools name tests, matrix versions and failed checks.

use super::dice::Dice;

const VERBS: [&str; 16] = [
    "creates", "updates", "rejects", "parses", "renders", "retries", "merges", "expires", "orders", "rounds", "caches",
    "locks", "streams", "imports", "filters", "resumes",
];
const NOUNS: [&str; 20] = [
    "invoice", "session", "token", "refund", "basket", "address", "report", "webhook", "upload", "user", "queue",
    "schedule", "payment", "filter", "header", "cursor", "locale", "draft", "snapshot", "quota",
];

#[derive(Clone, Copy)]
pub enum Style {
    Pytest,
    Jest,
    Go,
    Junit,
    Cargo,
}

impl Style {
    pub const ALL: [Style; 5] = [Style::Pytest, Style::Jest, Style::Go, Style::Junit, Style::Cargo];

    pub fn versions(self) -> [&'static str; 2] {
        match self {
            Style::Pytest => ["3.11", "3.12"],
            Style::Jest => ["20", "22"],
            Style::Go => ["1.22", "1.23"],
            Style::Junit => ["17", "21"],
            Style::Cargo => ["stable", "beta"],
        }
    }

    /// A name for the `number`th module of a repo.
    pub fn module(number: usize) -> String {
        let round = number / NOUNS.len();
        let noun = NOUNS[number % NOUNS.len()];
        if round == 0 { noun.to_string() } else { format!("{noun}_v{}", round + 1) }
    }

    /// A name for the `number`th test of a module, unique in the repo.
    pub fn test(self, suite: &str, module: &str, number: usize) -> String {
        let verb = VERBS[number % VERBS.len()];
        let noun = NOUNS[(number * 7 + module.len()) % NOUNS.len()];
        match self {
            Style::Pytest => format!("tests/{suite}/test_{module}.py::test_{verb}_{noun}_{number}"),
            Style::Jest => format!("{suite}/{module}.test.ts > {module} > {verb} {noun} {number}"),
            Style::Go => format!("{suite}/{module}/Test_{verb}_{noun}_{number}"),
            Style::Junit => format!("com.acme.{suite}.{module}.Suite#{verb}_{noun}_{number}"),
            Style::Cargo => format!("{suite}::{module}::{verb}_{noun}_{number}"),
        }
    }

    /// The log line of a failed check somewhere in a module.
    pub fn assertion(self, module: &str, dice: &mut Dice) -> String {
        let (line, got, want) = (dice.whole(12, 640), dice.index(90), dice.index(90));
        let noun = *dice.pick(&NOUNS);
        match self {
            Style::Pytest => {
                format!("src/{module}.py:{line}: AssertionError: {noun} {got} != {want}")
            }
            Style::Jest => {
                format!("src/{module}.ts:{line}: expect({noun}).toBe({want}), got {got}")
            }
            Style::Go => format!("{module}/{module}_test.go:{line}: {noun} = {got}, want {want}"),
            Style::Junit => {
                format!("src/{module}/Suite.java:{line}: expected: <{want}> but was: <{got}>")
            }
            Style::Cargo => {
                format!("src/{module}.rs:{line}: assertion `left == right` failed: {noun}")
            }
        }
    }

    /// The log line of code that does not build.
    pub fn build_error(self, dice: &mut Dice) -> String {
        let (noun, line) = (*dice.pick(&NOUNS), dice.whole(12, 640));
        match self {
            Style::Pytest => {
                format!("ImportError: cannot import name '{noun}' (src/app.py:{line})")
            }
            Style::Jest => format!("src/{noun}.ts:{line}: error TS2345: argument not assignable"),
            Style::Go => format!("./{noun}.go:{line}: undefined: {noun}"),
            Style::Junit => format!("src/{noun}.java:{line}: cannot find symbol"),
            Style::Cargo => format!("src/{noun}.rs:{line}: error[E0308]: mismatched types"),
        }
    }
}
