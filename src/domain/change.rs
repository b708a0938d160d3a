//! A change of a repository's contents that a remedy wants, computed and not yet written to any branch.

use super::text::Untrusted;
use serde::{Deserialize, Serialize};

/// What came of computing a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeOutcome {
    Ready,
    /// A draft with markers.
    Conflict,
    /// The commits change nothing together.
    Empty,
    /// The change is there.
    Already,
    Refused,
}

/// A commit that the change is made of, in order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewCommit {
    /// The tree after it, an object id.
    pub tree: String,
    /// `Name <mail>` of who wrote the change; empty for the bot's own.
    pub author: String,
    /// When it was written, `@seconds +zone`, as git takes it; empty for now.
    pub date: String,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub outcome: ChangeOutcome,
    /// Why it is so, a sentence each.
    pub because: Vec<String>,
    /// What a person has to know before they agree.
    pub warnings: Vec<String>,
    /// Unmerged paths of a conflict.
    pub conflicts: Vec<String>,
    /// What conflicts in them, as a draft shows it.
    #[serde(default)]
    pub conflicting: Vec<Conflicting>,
    /// The commit that it stands on.
    pub base: String,
    /// The whole tree after it, an object id; empty where there is none.
    pub tree: String,
    /// As `git diff --binary --full-index` prints it.
    pub diff: String,
    /// `git patch-id --stable` of the diff: the same for the same change on another base.
    pub patch_id: String,
    pub commits: Vec<NewCommit>,
    /// Why it deserves one more approval than others, a part of a sentence each.
    #[serde(default)]
    pub sensitive: Vec<String>,
    /// On conflict: commits that changed the same files, which come before it where it is applied, or after it where it is
    /// taken back; the oldest first.
    #[serde(default)]
    pub related: Vec<Related>,
    /// Refused because what was to be edited is nowhere here.
    #[serde(default)]
    pub absent: bool,
}

impl Change {
    /// Nothing to write, and why.
    #[must_use]
    pub fn nothing(outcome: ChangeOutcome, because: Vec<String>) -> Self {
        Self {
            outcome,
            because,
            warnings: Vec::new(),
            conflicts: Vec::new(),
            conflicting: Vec::new(),
            base: String::new(),
            tree: String::new(),
            diff: String::new(),
            patch_id: String::new(),
            commits: Vec::new(),
            sensitive: Vec::new(),
            related: Vec::new(),
            absent: false,
        }
    }

    #[must_use]
    pub fn refused(why: impl Into<String>) -> Self {
        Self::nothing(ChangeOutcome::Refused, vec![why.into()])
    }
}

/// A file that conflicts; without hunks where one side deleted or renamed it, or it is not text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflicting {
    pub path: Untrusted,
    pub hunks: Vec<Hunk>,
}

/// A marked region with a few lines around it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hunk {
    /// Where the opening marker stands in the draft, from 1.
    pub line: usize,
    pub lines: Vec<Untrusted>,
}

/// Another commit that a conflict has to do with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    pub sha: String,
    pub subject: String,
}

/// Which way commits are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The commits' changes are taken back, newest first.
    Revert,
    /// The commits' changes are applied, oldest first.
    Backport,
}

/// How a pull request was merged, and so what its commits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// One commit with all of it.
    Squash,
    /// Each commit of the range by itself.
    Rebase,
    /// A merge commit, against its first parent.
    Merge,
    /// Several pull requests: each commit by what it is.
    Each,
}

/// Commits to apply or take back.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pick {
    pub direction: Direction,
    /// Oldest first.
    pub commits: Vec<String>,
    pub method: Option<Method>,
}
