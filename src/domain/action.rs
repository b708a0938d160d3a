//! The primitive, idempotent acts that plans are made of.
//!
//! GitHub has no idempotency keys, so idempotency lives in the nouns: a re-run carries the attempt it expects, a
//! comment its hidden marker, a check its name and commit. Each is safe to ask for twice.

use super::ids::{Repo, RunId};
use super::text::Untrusted;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ensure", rename_all = "snake_case")]
pub enum Action {
    /// The run has an attempt after `attempt`.
    Rerun { repo: Repo, run: RunId, attempt: u32, jobs: RerunJobs },
    /// The run's attempt `attempt` is not in progress.
    Cancelled { repo: Repo, run: RunId, attempt: u32 },
    /// The issue or pull request carries (or lacks) the label.
    Label { repo: Repo, number: u64, label: String, present: bool },
    /// Our comment with this marker stands on the issue or pull request and says `body`.
    Comment { repo: Repo, number: u64, marker: String, body: String },
    /// Our check run of this name on the commit says this.
    Check { repo: Repo, sha: String, name: String, conclusion: String, title: String, summary: String },
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RerunJobs {
    /// One job and what depends on it. The id is the failed attempt's.
    One {
        id: u64,
        name: Untrusted,
    },
    Failed,
    All,
}

/// What came of an act.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is so now, by us or already.
    Done,
    /// The emergency stop was on when it was about to be written.
    Held,
    /// It will not happen, and why.
    Failed(String),
    /// It may have happened, and looking did not tell within the tries allowed.
    Unknown(String),
}
