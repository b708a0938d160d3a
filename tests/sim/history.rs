//! What a simulation hands out: the lines, and the truth behind them.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Pass,
    Fail,
    Skip,
    Timeout,
    Cancelled,
}

impl Outcome {
    /// Whether the outcome needs a cause. A cancelled job failed nothing.
    pub fn is_failing(self) -> bool {
        matches!(self, Outcome::Fail | Outcome::Timeout)
    }
}

/// One outcome of a test, or of a job when `test` is missing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    pub repo: String,
    pub branch: String,
    pub default_branch: Option<String>,
    pub sha: String,
    pub run_id: String,
    pub attempt: u32,
    pub workflow: String,
    pub job: String,
    pub test: Option<String>,
    pub outcome: Outcome,
    pub at: String,
    pub duration_ms: Option<u64>,
    pub fingerprint: Option<String>,
}

/// Why something failed. The order is by weight, lightest first: a job whose
/// tests failed for several reasons takes the heaviest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The test's own chance, with nothing broken.
    Flaky,
    /// One runner misbehaved.
    Transient,
    /// A provider or network outage over many jobs.
    Infra,
    /// A release of a dependency broke every tree that does not pin it.
    Dependency,
    /// An earlier commit of the default branch broke it.
    BaseBroken,
    /// The commit under test, or an earlier one of its branch, broke it.
    Deterministic,
}

impl Cause {
    pub const ALL: [Cause; 6] =
        [Cause::Flaky, Cause::Transient, Cause::Infra, Cause::Dependency, Cause::BaseBroken, Cause::Deterministic];

    /// Whether the same code would pass on another day.
    pub fn is_harmless(self) -> bool {
        matches!(self, Cause::Flaky | Cause::Transient | Cause::Infra)
    }
}

/// The truth about one failing line.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Index into [`History::lines`].
    pub line: usize,
    pub cause: Cause,
    pub note: &'static str,
    /// The chance that one execution of this test (or job) at that moment, in
    /// that cell, fails with nothing broken: flakes and runner hiccups.
    pub test_rate: f64,
}

/// The true flake rate of one test in one job.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    pub repo: String,
    pub job: String,
    pub test: String,
    /// Mean over the executions; 0 for a test that is not flaky. Runner
    /// hiccups do not count here.
    pub rate: f64,
    /// The rate at the last execution, for tests that changed.
    pub last: f64,
    pub executions: u32,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// In the order of arrival, which is not the order of `at`.
    pub lines: Vec<Line>,
    /// One for each failing line, in the order of the lines.
    pub failures: Vec<Truth>,
    pub rates: Vec<Rate>,
}
