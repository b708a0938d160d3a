//! What a failure comes from, as history and log tell it.

use super::text::Untrusted;
use serde::{Deserialize, Serialize};

/// What a failure comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The test fails now and then with nothing broken.
    Flaky,
    /// The machine or the network failed once.
    Transient,
    /// The change broke it.
    Deterministic,
    /// The branch it goes to was broken already.
    BaseBroken,
    /// Something that it depends on changed under it.
    Dependency,
    /// An outage.
    Infra,
    #[default]
    Unknown,
}

impl Cause {
    /// Those that are weighed, in the order of [`Judged::chances`].
    pub const WEIGHED: [Self; 6] =
        [Self::Flaky, Self::Transient, Self::Deterministic, Self::BaseBroken, Self::Dependency, Self::Infra];

    /// As people say it.
    #[must_use]
    pub fn spoken(self) -> &'static str {
        match self {
            Self::Flaky => "flaky test",
            Self::Transient => "transient failure",
            Self::Deterministic => "broken by this change",
            Self::BaseBroken => "base branch broken",
            Self::Dependency => "dependency changed",
            Self::Infra => "outage",
            Self::Unknown => "unknown",
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Flaky => "flaky",
            Self::Transient => "transient",
            Self::Deterministic => "deterministic",
            Self::BaseBroken => "base_broken",
            Self::Dependency => "dependency",
            Self::Infra => "infra",
            Self::Unknown => "unknown",
        }
    }
}

/// What is thought of an incident's failure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    pub cause: Cause,
    /// Of each of [`Cause::WEIGHED`], 0 to 1; they add up to 1.
    pub chances: [f64; 6],
    /// The strongest reasons first, a clause each.
    pub because: Vec<String>,
    pub record: Record,
    /// Each failing test of the job that is judged.
    #[serde(default)]
    pub tests: Vec<JudgedTest>,
    /// A person said so: nothing overrules it.
    #[serde(default)]
    pub by: Option<String>,
    /// [`Judged::estimate`], corrected by what came of such chances before.
    #[serde(default)]
    pub calibrated: Option<f64>,
}

/// What is thought of one failing test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JudgedTest {
    pub name: Untrusted,
    pub cause: Cause,
    pub record: Record,
}

/// How the failing test, or the job where no test is named, fared before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The newest executions, at most 40, and how many of them failed.
    pub executions: u32,
    pub failures: u32,
    /// Failures, ever, that passed on another execution at the same commit.
    pub passed_on_retry: u32,
    /// The chance that an execution fails with nothing broken.
    pub rate: f64,
    /// Passes at the very commit.
    #[serde(default)]
    pub passed_here: u32,
    /// Commits that it caught as broken: red there, and not by chance.
    #[serde(default)]
    pub caught: u32,
    /// Earlier flakes that looked like this failure; `None` where that cannot be told.
    #[serde(default)]
    pub alike: Option<u32>,
}

/// The chance that an outage is over when a retry runs.
const OVER_SOON: f64 = 0.2;

impl Judged {
    /// What is thought of this failing test; `None` where it was not judged.
    #[must_use]
    pub fn of(&self, name: &Untrusted) -> Option<JudgedTest> {
        self.tests.iter().find(|test| test.name == *name).cloned()
    }

    #[must_use]
    pub fn chance(&self, cause: Cause) -> f64 {
        Cause::WEIGHED.iter().position(|one| *one == cause).map_or(0.0, |at| self.chances[at])
    }

    /// The chance that another try passes with nothing changed.
    #[must_use]
    pub fn passes_again(&self) -> f64 {
        self.calibrated.filter(|_| self.by.is_none()).unwrap_or_else(|| self.estimate())
    }

    /// The same by the causes' chances alone.
    #[must_use]
    pub fn estimate(&self) -> f64 {
        let rate = self.record.rate.clamp(0.0, 1.0);
        self.chance(Cause::Flaky) * (1.0 - rate) + self.chance(Cause::Transient) + OVER_SOON * self.chance(Cause::Infra)
    }
}

impl Record {
    /// `failed 7 of the last 40, passed on retry 6 times`; empty without an execution.
    #[must_use]
    pub fn words(&self) -> String {
        if self.executions == 0 {
            return String::new();
        }
        let failed = format!("failed {} of the last {}", self.failures, self.executions);
        match self.passed_on_retry {
            0 => failed,
            1 => format!("{failed}, passed on retry once"),
            n => format!("{failed}, passed on retry {n} times"),
        }
    }
}
