//! How one execution of a job or a test ended: what history is made of.

use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    Pass,
    Fail,
    Skip,
    Timeout,
    Cancelled,
}

impl Ended {
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Fail | Self::Timeout)
    }

    /// Whether it says anything about what was executed.
    #[must_use]
    pub fn is_telling(self) -> bool {
        self == Self::Pass || self.is_failure()
    }
}

/// One execution. A run, an attempt, a job and a test name it: the same four are the same execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub repo: Untrusted,
    pub branch: Untrusted,
    /// Inferred from the repository's branches where nobody says it.
    pub default_branch: Option<Untrusted>,
    pub sha: String,
    pub run: u64,
    /// From 1.
    pub attempt: u32,
    pub workflow: Untrusted,
    /// With its matrix cell, as in `test (windows-latest, 3.12)`.
    pub job: Untrusted,
    /// `None` for the job's own outcome.
    pub test: Option<Untrusted>,
    pub ended: Ended,
    pub at: Time,
    pub duration_ms: Option<u64>,
    /// What the failure looked like in the log.
    pub fingerprint: Option<String>,
    /// A person said whether nothing was broken.
    #[serde(default)]
    pub harmless: Option<bool>,
}

/// A job's name without its matrix cell.
#[must_use]
pub fn without_cell(job: &str) -> &str {
    match job.strip_suffix(')').and_then(|rest| rest.rfind(" (")) {
        Some(at) => &job[..at],
        None => job,
    }
}

/// A text as a number: the first 64 bits of its SHA-256, never 0.
#[must_use]
pub fn number(text: &str) -> u64 {
    let hash = Sha256::digest(text.as_bytes());
    u64::from_be_bytes(hash[..8].try_into().unwrap_or_default()).max(1)
}
