//! The runs and failing jobs of an incident, as what arrives tells of them.

use super::event::{Conclusion, Scope};
use super::evidence::Evidence;
use super::ids::{Digest, IncidentNo, RunId};
use super::text::Untrusted;
use serde::{Deserialize, Serialize};

/// A run that belongs to the incident, at its newest known attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunState {
    /// Absent for a provider that has no runs: then workflow and branch are its name.
    pub run: Option<RunId>,
    pub attempt: u32,
    pub workflow: Untrusted,
    pub branch: Untrusted,
    pub sha: String,
    pub url: Option<String>,
    /// The newest attempt that is known to have failed.
    #[serde(default)]
    pub failed_attempt: u32,
    /// `None` while it is in progress.
    pub conclusion: Option<Conclusion>,
    /// A newer run of the same workflow and branch passed.
    pub superseded: bool,
    /// Logs requested: at most five per run.
    pub logs: u32,
    /// Attempts in which a job timed out.
    #[serde(default)]
    pub timed_out: Vec<u32>,
    /// The adopted incident that brought it.
    #[serde(default)]
    pub from: Option<IncidentNo>,
}

impl RunState {
    /// A retry of it failed as well, and no newer run stands for it.
    #[must_use]
    pub fn failed_again(&self) -> bool {
        self.failed_attempt == self.attempt && self.attempt > 1 && !self.superseded
    }

    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.superseded || self.conclusion.is_some_and(Conclusion::is_green)
    }
}

/// A failing job at the attempt where it failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobState {
    pub run: Option<RunId>,
    pub attempt: u32,
    pub id: Option<u64>,
    pub name: Untrusted,
    pub step: Option<Untrusted>,
    pub scope: Scope,
    pub conclusion: Conclusion,
    pub url: Option<String>,
    /// What came of reading its log; absent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log: Option<LogSeen>,
}

/// What came of reading a job's log: by this its evidence is found again among its incident's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogSeen {
    Read {
        print: Option<String>,
        /// Of the failing tests that it names: two jobs that fail alike need not fail in the same tests.
        tests: Digest,
    },
    /// It cannot be had, and why.
    Missing(String),
}

impl LogSeen {
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        let total = evidence.failing_tests_total.to_be_bytes();
        let names = evidence.failing_tests.iter().map(|test| test.name.raw().as_bytes());
        Self::Read { print: evidence.fingerprint.clone(), tests: Digest::of(names.chain([total.as_slice()])) }
    }
}
