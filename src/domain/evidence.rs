//! What a log said: the result of reading it, small enough to store and to show.

use super::ids::Digest;
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

    /// The machine's or the network's fault: another try may pass.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.advice
            .as_ref()
            .map_or_else(|| self.category.is_transient(), |advice| advice.severity == Severity::Transient)
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
