//! Merge queues: pull requests that were thrown out of one, together where one of them broke the others.

use super::text::Untrusted;
use super::time::{MINUTE_MS, Time};
use serde::{Deserialize, Serialize};

/// Entries kept on a record; the others are counted.
pub const ENTRIES_KEPT: usize = 50;
/// What a queue loses within this long of each other is one incident.
pub const STORM_MS: i64 = 10 * MINUTE_MS;

/// Why GitHub removed a pull request (`reason` of `pull_request.dequeued`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Reason {
    CiFailure,
    CiTimeout,
    MergeConflict,
    BranchProtections,
    GitTreeInvalid,
    InvalidMergeCommit,
    RollBack,
    QueueCleared,
    /// A person took it out.
    Manual,
    /// It was merged, in the queue or past it.
    Merge,
    AlreadyMerged,
    /// GitHub does not say.
    #[serde(other)]
    UnknownRemovalReason,
}

impl Reason {
    #[must_use]
    pub fn of(word: &str) -> Self {
        serde_json::from_value(word.into()).unwrap_or(Self::UnknownRemovalReason)
    }

    /// A person's own doing, or no loss: nobody has to hear of it.
    #[must_use]
    pub fn is_wanted(self) -> bool {
        matches!(self, Self::Manual | Self::QueueCleared | Self::Merge | Self::AlreadyMerged)
    }

    /// As a clause.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::CiFailure => "its checks failed",
            Self::CiTimeout => "its checks took too long",
            Self::MergeConflict => "it conflicts with its base branch or a pull request ahead of it",
            Self::BranchProtections => "it no longer fulfils the branch's protection rules",
            Self::GitTreeInvalid => "GitHub could not build its tree",
            Self::InvalidMergeCommit => "GitHub could not build its merge commit",
            Self::RollBack => "GitHub rolled it back",
            Self::QueueCleared => "the queue was cleared",
            Self::Manual => "somebody removed it",
            Self::Merge | Self::AlreadyMerged => "it is merged",
            Self::UnknownRemovalReason => "GitHub does not say why",
        }
    }
}

/// Where an entry stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A run of it failed; whether it is thrown out is not known.
    #[default]
    Failed,
    ThrownOut,
    /// It was thrown out and is in the queue again.
    Again,
    /// The queue made it anew on another base.
    Rebuilt,
    Merged,
    Closed,
    /// A person took it out.
    Removed,
}

impl Standing {
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::Rebuilt | Self::Merged | Self::Closed | Self::Removed)
    }
}

/// A pull request in a queue, with the group that was built for it last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub pull: u64,
    /// The commit of its group.
    pub sha: String,
    /// What its group was built on: the head of the base branch, or of the group ahead.
    #[serde(default)]
    pub base: Option<String>,
    pub standing: Standing,
    #[serde(default)]
    pub reason: Option<Reason>,
    /// The login of who opened it.
    #[serde(default)]
    pub author: Option<Untrusted>,
    /// A run of its group failed.
    #[serde(default)]
    pub red: bool,
    /// Its author has been told, or need not be.
    #[serde(default)]
    pub told: bool,
}

/// What an incident about a merge queue knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Queue {
    /// The branch that is merged into.
    pub onto: Untrusted,
    pub entries: Vec<Entry>,
    /// Entries beyond those.
    #[serde(default)]
    pub more: u64,
    /// When something was lost last.
    pub at: Time,
    /// When the authors will be told.
    #[serde(default)]
    pub tell_due: Option<Time>,
    /// When the forge will be asked how the entries stand.
    #[serde(default)]
    pub look_due: Option<Time>,
    /// It was reopened although nothing of it was left: it stays open until an entry ends anew.
    #[serde(default)]
    pub reopened: bool,
}

impl Queue {
    /// Of a run on a queue's branch.
    #[must_use]
    pub fn of_branch(branch: &Untrusted, now: Time) -> Option<Self> {
        let (onto, _) = super::head::queued(branch.raw())?;
        Some(Self { onto: onto.into(), at: now, ..Self::default() })
    }

    #[must_use]
    pub fn entry(&self, pull: u64) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.pull == pull)
    }

    /// The entry of this pull request, made where there is room.
    pub fn entry_mut(&mut self, pull: u64) -> Option<&mut Entry> {
        if self.entry(pull).is_none() {
            if self.entries.len() >= ENTRIES_KEPT {
                self.more += 1;
                // One that is over makes room for one that is not.
                let over = self.entries.iter().position(|entry| entry.standing.is_over())?;
                self.entries.remove(over);
            }
            self.entries.push(Entry { pull, ..Entry::default() });
        }
        self.entries.iter_mut().find(|entry| entry.pull == pull)
    }

    /// Thrown out, and not back.
    pub fn out(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| entry.standing == Standing::ThrownOut)
    }

    /// Thrown out at some time, whatever became of it.
    #[must_use]
    pub fn lost(&self) -> Vec<&Entry> {
        let lost = |entry: &&Entry| entry.reason.is_some_and(|reason| !reason.is_wanted());
        self.entries.iter().filter(lost).collect()
    }

    #[must_use]
    pub fn is_over(&self) -> bool {
        self.entries.iter().all(|entry| entry.standing.is_over())
    }

    /// The one whose group failed first in the queue's order: no failed group lies under its own. None while a base is
    /// not known, or where more than one stands on what passed.
    #[must_use]
    pub fn culprit(&self) -> Option<&Entry> {
        let red: Vec<&Entry> = self.entries.iter().filter(|entry| entry.red).collect();
        if red.len() < 2 && self.entries.len() < 2 {
            return None;
        }
        let stands_on_red = |entry: &&&Entry| red.iter().any(|other| Some(&other.sha) == entry.base.as_ref());
        let mut roots = red.iter().filter(|entry| entry.base.is_some()).filter(|entry| !stands_on_red(entry));
        let all_known = red.iter().all(|entry| entry.base.is_some());
        match (roots.next(), roots.next()) {
            (Some(one), None) if all_known => Some(one),
            _ => None,
        }
    }
}

/// A pull request as the queue's owner knows it: for `requeue`, and where nothing was heard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueFacts {
    pub number: u64,
    /// GitHub's id of it, which GraphQL wants.
    pub id: String,
    pub head: String,
    pub state: PullState,
    pub draft: bool,
    /// It is in the queue now.
    pub queued: bool,
    /// Its base branch has a merge queue.
    pub has_queue: bool,
    pub author: Option<Untrusted>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum PullState {
    Open,
    Closed,
    Merged,
}

/// What a queue told: an entry was thrown out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThrownOut {
    #[serde(default)]
    pub reason: Option<Reason>,
    #[serde(default)]
    pub onto: Untrusted,
    #[serde(default)]
    pub default_branch: String,
    #[serde(default)]
    pub base: Option<String>,
    #[serde(default)]
    pub author: Option<Untrusted>,
    /// The pull request's own head.
    #[serde(default)]
    pub head: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(entries: &[(u64, &str, Option<&str>, bool)]) -> Queue {
        let entry = |(pull, sha, base, red): &(u64, &str, Option<&str>, bool)| Entry {
            pull: *pull,
            sha: (*sha).into(),
            base: base.map(str::to_owned),
            red: *red,
            ..Entry::default()
        };
        Queue { entries: entries.iter().map(entry).collect(), ..Queue::default() }
    }

    #[test]
    fn the_first_failing_group_is_the_culprits() {
        for (what, entries, want) in [
            (
                "a chain",
                queue(&[(2, "b", Some("a"), true), (1, "a", Some("main"), true), (3, "c", Some("b"), true)]),
                Some(1),
            ),
            ("one that passed is ahead", queue(&[(2, "b", Some("a"), true), (3, "c", Some("b"), true)]), Some(2)),
            ("those behind never ran", queue(&[(1, "a", Some("m"), true), (2, "b", Some("a"), false)]), Some(1)),
            ("alone", queue(&[(1, "a", Some("m"), true)]), None),
            ("a base is not known", queue(&[(1, "a", None, true), (2, "b", Some("a"), true)]), None),
            ("two of them", queue(&[(1, "a", Some("m"), true), (2, "b", Some("m"), true)]), None),
            ("a circle", queue(&[(1, "a", Some("b"), true), (2, "b", Some("a"), true)]), None),
        ] {
            assert_eq!(entries.culprit().map(|entry| entry.pull), want, "{what}");
        }
    }

    #[test]
    fn reasons_are_githubs_and_those_to_come_are_unknown() {
        assert_eq!(Reason::of("CI_FAILURE"), Reason::CiFailure);
        assert_eq!(Reason::of("MANUAL"), Reason::Manual);
        for odd in ["", "SOLAR_FLARE", "ci_failure\n"] {
            assert_eq!(Reason::of(odd), Reason::UnknownRemovalReason, "{odd}");
        }
    }
}
