//! What a log said: the result of reading it, small enough to store and to show.

use super::ids::{Digest, RunId};
use super::text::Untrusted;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    Lint,
    Typecheck,
    Test,
    Build,
    Ssr,
    Dependency,
    Infra,
    Timeout,
    Oom,
    Network,
    SecretMissing,
    Permission,
    Config,
    Crash,
    QualityGate,
    Deploy,
    Cancelled,
    /// Nothing failed in this log.
    None,
    #[default]
    Unknown,
}

impl Category {
    /// What the category is about, as a noun in a sentence.
    #[must_use]
    pub fn subject(self) -> &'static str {
        match self {
            Self::Lint => "linting",
            Self::Typecheck => "type checking",
            Self::Test => "a test failure",
            Self::Build => "the build",
            Self::Ssr => "server-side rendering",
            Self::Dependency => "a dependency",
            Self::Infra => "infrastructure",
            Self::Timeout => "a timeout",
            Self::Oom => "running out of memory",
            Self::Network => "the network",
            Self::SecretMissing => "a missing secret",
            Self::Permission => "missing permissions",
            Self::Config => "configuration",
            Self::Crash => "a crash",
            Self::QualityGate => "a quality gate",
            Self::Deploy => "deployment",
            Self::Cancelled => "a cancelled run",
            Self::None | Self::Unknown => "no known cause",
        }
    }

    /// What failures of the category are called: `infrastructure` failures.
    #[must_use]
    pub fn adjective(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Typecheck => "type-check",
            Self::Test => "test",
            Self::Build => "build",
            Self::Ssr => "server-side rendering",
            Self::Dependency => "dependency",
            Self::Infra => "infrastructure",
            Self::Timeout => "timeout",
            Self::Oom => "out-of-memory",
            Self::Network => "network",
            Self::SecretMissing => "missing-secret",
            Self::Permission => "permission",
            Self::Config => "configuration",
            Self::Crash => "crash",
            Self::QualityGate => "quality-gate",
            Self::Deploy => "deployment",
            Self::Cancelled => "cancelled",
            Self::None | Self::Unknown => "unknown",
        }
    }

    pub const ALL: [Self; 19] = [
        Self::Lint,
        Self::Typecheck,
        Self::Test,
        Self::Build,
        Self::Ssr,
        Self::Dependency,
        Self::Infra,
        Self::Timeout,
        Self::Oom,
        Self::Network,
        Self::SecretMissing,
        Self::Permission,
        Self::Config,
        Self::Crash,
        Self::QualityGate,
        Self::Deploy,
        Self::Cancelled,
        Self::None,
        Self::Unknown,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lint => "lint",
            Self::Typecheck => "typecheck",
            Self::Test => "test",
            Self::Build => "build",
            Self::Ssr => "ssr",
            Self::Dependency => "dependency",
            Self::Infra => "infra",
            Self::Timeout => "timeout",
            Self::Oom => "oom",
            Self::Network => "network",
            Self::SecretMissing => "secret_missing",
            Self::Permission => "permission",
            Self::Config => "config",
            Self::Crash => "crash",
            Self::QualityGate => "quality_gate",
            Self::Deploy => "deploy",
            Self::Cancelled => "cancelled",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }

    /// The machine's or the network's fault rather than the code's: another try may pass.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Infra | Self::Network | Self::Timeout)
    }

    /// The same commit will fail again.
    #[must_use]
    pub fn is_deterministic(self) -> bool {
        matches!(
            self,
            Self::Lint
                | Self::Typecheck
                | Self::Build
                | Self::Ssr
                | Self::SecretMissing
                | Self::Permission
                | Self::Config
                | Self::QualityGate
        )
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much to worry, with its reasons beside it on the incident.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A pull request's own failure.
    #[default]
    Normal,
    /// Infrastructure, network or a timeout.
    Transient,
    /// Passes and fails on the same commit.
    Flaky,
    /// A protected branch fails deterministically.
    Blocker,
    Security,
}

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Transient => "transient",
            Self::Flaky => "flaky",
            Self::Blocker => "blocker",
            Self::Security => "security",
        }
    }
}

/// One line of a log that a person would want to see. `line` counts from 1; `text` is at most 500 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorLine {
    pub line: u64,
    pub text: Untrusted,
}

/// A failing test, named as its framework prints it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FailingTest {
    pub framework: String,
    pub name: Untrusted,
    /// What the framework's command line takes to run this test, where that is not the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Untrusted>,
    pub file: Option<Untrusted>,
}

/// What test reports of a run say of its failing tests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reported {
    pub run: RunId,
    pub attempt: u32,
    /// The first of them.
    pub tests: Vec<FailingTest>,
    /// How many failed.
    pub total: u64,
    /// How many were run.
    pub of: u64,
    /// What the first failure says.
    pub message: Option<Untrusted>,
    /// Of the tests, as evidence has it that they alone make.
    pub fingerprint: Option<String>,
}

/// A stack frame inside the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frame {
    pub file: Untrusted,
    pub line: Option<u64>,
    pub text: Untrusted,
}

/// A package version that the log says was resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resolved {
    pub ecosystem: String,
    pub package: Untrusted,
    pub version: Untrusted,
}

/// What is known of this very failure: a row of `rules/known_issues.toml`, as it stood when the log was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Advice {
    pub severity: Severity,
    /// What to do, in one sentence.
    pub solution: String,
    /// The template that fixes it, where there is one.
    pub fix: Option<String>,
    /// How the row fared before.
    #[serde(default)]
    pub track: Track,
}

/// How a known issue fared: each time counts until its incident is forgotten, and longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// Incidents that it was seen in.
    pub seen: u32,
    /// Those in which what it says was done, or in which a person corrected the cause.
    pub tried: u32,
    /// Of these, in how many it held.
    pub held: u32,
}

/// What the shipped confidence is worth, in incidents.
const PRIOR: f64 = 10.0;

impl Track {
    /// The mean of a Beta distribution whose prior is the shipped confidence, after what was tried and what held.
    #[must_use]
    pub fn confidence(self, shipped: f64) -> f64 {
        let held = f64::from(self.held.min(self.tried));
        (PRIOR * shipped.clamp(0.0, 1.0) + held) / (PRIOR + f64::from(self.tried))
    }

    /// `seen 12 times, its fix held 9 of 10 times`; empty where it was not seen.
    #[must_use]
    pub fn words(self) -> String {
        let times = |n: u32| if n == 1 { "once".to_owned() } else { format!("{n} times") };
        match (self.seen, self.tried) {
            (0, _) => String::new(),
            (seen, 0) => format!("seen {}", times(seen)),
            (seen, tried) if tried == self.held => format!("seen {}, its fix held {}", times(seen), times(tried)),
            (seen, 1) => format!("seen {}, its fix held 0 of 1 time", times(seen)),
            (seen, tried) => format!("seen {}, its fix held {} of {tried} times", times(seen), self.held),
        }
    }
}

/// What one log said. Redacted before anything else looked at it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    pub category: Category,
    /// 0 to 1; calibrated on outcomes later.
    pub confidence: f32,
    /// Why this category.
    pub because: Vec<String>,
    /// The row of `rules/known_issues.toml` that matched.
    pub known_issue: Option<String>,
    /// That row's advice: it beats what the category suggests.
    #[serde(default)]
    pub advice: Option<Advice>,
    pub failing_step: Option<Untrusted>,
    pub exit_code: Option<i32>,
    pub signal: Option<String>,
    /// Best first, at most ten.
    pub errors: Vec<ErrorLine>,
    /// Which of them to quote: the best may be a banner.
    #[serde(default)]
    pub quoted: usize,
    pub failing_tests: Vec<FailingTest>,
    /// How many tests failed, where more failed than are listed.
    pub failing_tests_total: u64,
    /// The step that failed may be another than the one that names them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tests_elsewhere: bool,
    pub frames: Vec<Frame>,
    pub resolved: Vec<Resolved>,
    /// `v3:` and 32 hex digits; absent where nothing in the log tells one failure from another.
    pub fingerprint: Option<String>,
    /// Masked secrets by rule.
    pub redactions: BTreeMap<String, u64>,
    pub bytes: u64,
    pub lines: u64,
    /// The excerpt's file, by content.
    pub excerpt: Option<Digest>,
}

impl Evidence {
    /// The line that tells most of what is wrong.
    #[must_use]
    pub fn quote(&self) -> Option<&ErrorLine> {
        self.errors.get(self.quoted).or_else(|| self.errors.first())
    }

    /// The machine's or the network's fault: another try may pass. A category alone has to be sure enough: of the labelled
    /// logs with one of these categories, 16 of 17 from 0.5 on were right, and 2 of 5 below.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        const SURE: f32 = 0.5;
        self.advice.as_ref().map_or_else(
            || self.category.is_transient() && self.confidence >= SURE,
            |advice| advice.severity == Severity::Transient,
        )
    }

    /// The same commit will fail again.
    #[must_use]
    pub fn is_deterministic(&self) -> bool {
        match self.advice.as_ref().map(|advice| advice.severity) {
            Some(Severity::Transient) => false,
            Some(Severity::Blocker) => true,
            _ => self.category.is_deterministic(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What held raises the confidence, what did not lowers it, and it stays a chance.
        #[test]
        fn confidence_follows_outcomes(shipped in 0.0..=1.0_f64, tried in 0_u32..500, held in 0_u32..500) {
            let held = held.min(tried);
            let now = Track { seen: tried, tried, held }.confidence(shipped);
            prop_assert!((0.0..=1.0).contains(&now));
            let more = |held| Track { seen: tried + 1, tried: tried + 1, held }.confidence(shipped);
            prop_assert!(more(held + 1) >= now && more(held) <= now);
            prop_assert!((Track::default().confidence(shipped) - shipped).abs() < 1e-12);
        }
    }

    #[test]
    fn outcomes_in_words() {
        for (seen, tried, held, words) in [
            (0, 0, 0, ""),
            (1, 0, 0, "seen once"),
            (2, 1, 1, "seen 2 times, its fix held once"),
            (12, 10, 9, "seen 12 times, its fix held 9 of 10 times"),
            (3, 1, 0, "seen 3 times, its fix held 0 of 1 time"),
        ] {
            assert_eq!(Track { seen, tried, held }.words(), words);
        }
    }
}
