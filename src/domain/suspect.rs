//! Suspects: the commits and package versions between the last green run and the first red one.

use super::evidence::Resolved;
use super::ids::RunId;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// A commit as it landed on a branch, against its first parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Landed {
    pub sha: String,
    pub author: Untrusted,
    pub subject: Untrusted,
    /// Paths that it changed, at most [`FILES_MAX`].
    pub files: Vec<String>,
    /// It is a merge commit.
    pub merge: bool,
}

/// Paths kept of one commit.
pub const FILES_MAX: usize = 300;
/// Points by which one suspect must lead all others to be isolated. Of ten commits, it was the culprit then in four of five
/// real failures (`benches/culprits.rs`).
pub const CLEARLY: u32 = 4;
/// Commits looked at between green and red.
pub const COMMITS_MAX: usize = 50;

/// What was looked up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspectFacts {
    /// The newest run of the same workflow and branch that passed before, with its commit.
    pub green: Option<(RunId, String)>,
    /// Newest first, along first parents.
    pub commits: Vec<Landed>,
    /// There are more than were looked at.
    pub more: bool,
    /// What the green run's job of the same name had resolved.
    pub resolved: Vec<Resolved>,
}

/// What landed between a green commit and a red one, and the runs of a workflow there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeFacts {
    pub green: String,
    /// The oldest first, along first parents; the last is the red one.
    pub commits: Vec<Landed>,
    /// There are more than were looked at.
    pub more: bool,
    pub runs: Vec<RangeRun>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeRun {
    pub run: RunId,
    pub sha: String,
    /// The newest.
    pub attempt: u32,
    pub going: bool,
    pub created_at: Time,
    /// The job in the newest attempt; `None` where that did not come to it.
    pub job: Option<u64>,
    /// Whether the job was red, an attempt each; `None` where it came to nothing.
    pub results: Vec<Option<bool>>,
}

/// The pull request that a commit's subject names, as the forge writes it.
#[must_use]
pub fn pull_of(subject: &str) -> Option<u64> {
    let merged = subject.strip_prefix("Merge pull request #").and_then(|rest| rest.split(' ').next());
    let squashed = || subject.strip_suffix(')')?.rsplit_once("(#").map(|(_, number)| number);
    merged.or_else(squashed)?.parse().ok()
}

/// A commit under suspicion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    pub sha: String,
    pub subject: Untrusted,
    pub author: Untrusted,
    /// The pull request that its subject names.
    pub pull: Option<u64>,
    /// Points of its reasons. None where nothing in the failure points to it.
    pub score: u32,
    /// The reasons, a clause each.
    pub because: Vec<String>,
}

/// A package whose version is another than in the green run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    pub ecosystem: String,
    pub package: Untrusted,
    pub green: Untrusted,
    pub red: Untrusted,
    pub because: Vec<String>,
}

/// What is suspected of one red commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspicion {
    /// The red commit.
    pub red: String,
    /// The green one.
    pub green: Option<String>,
    /// How many commits lie between them; `more` of them were not looked at.
    pub commits: usize,
    pub more: bool,
    /// Most suspicious first.
    pub suspects: Vec<Suspect>,
    pub moved: Vec<Moved>,
}

impl Suspicion {
    /// The commit that the evidence isolates: green before it, red with it, and either nothing else landed between or
    /// the failure clearly points to it more than to any other.
    #[must_use]
    pub fn bracketed(&self) -> Option<&Suspect> {
        let (best, others) = self.suspects.split_first().filter(|_| self.green.is_some() && !self.more)?;
        let most = others.iter().map(|suspect| suspect.score).max().unwrap_or(0);
        (self.commits == 1 || best.score >= most + CLEARLY).then_some(best)
    }
}
