//! Runs and jobs that have ended, as the forge tells of them later: what history is filled from.

use super::event::Conclusion;
use super::ids::{Repo, RunId};
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// One attempt of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Executed {
    pub repo: Repo,
    pub run: RunId,
    /// From 1.
    pub attempt: u32,
    pub workflow: Untrusted,
    /// The head's label: see [`head`](super::head).
    pub branch: Untrusted,
    pub fork: bool,
    pub default_branch: Option<Untrusted>,
    pub sha: String,
    pub created_at: Time,
    /// When this attempt began.
    pub started_at: Time,
    /// When anything of it last changed: not before it ended.
    pub updated_at: Time,
}

/// A job of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecutedJob {
    /// From 1.
    pub attempt: u32,
    /// With its matrix cell.
    pub name: Untrusted,
    pub conclusion: Conclusion,
    pub started_at: Option<Time>,
    pub ended_at: Option<Time>,
}

/// A file that a run left behind, a zip archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Artifact {
    pub id: u64,
    pub name: Untrusted,
    /// Compressed, in bytes.
    pub bytes: u64,
    pub created_at: Time,
}

/// How far a repository's past runs have been read into history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    pub repo: Repo,
    /// Runs that were read.
    pub runs: u32,
    /// Runs that are to be read, those read included.
    pub of: u32,
    pub done: bool,
    /// Why it does not go on now.
    #[serde(default)]
    pub waits: Option<String>,
}
