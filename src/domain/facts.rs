//! What was looked up: for planning (gathered by effects), and for a step (known to the engine).

use super::agent::{Records, Trial, Usd};
use super::cause::Judged;
use super::change::{ChangeOutcome, Conflicting, Method, Related};
use super::deployment::PendingFacts;
use super::effect::Lookup;
use super::event::Conclusion;
use super::ids::{Digest, IncidentNo, RunId};
use super::mention::Mentioning;
use super::outage::Outage;
use super::quarantined::Quarantined;
use super::queue::QueueFacts;
use super::refs::Branch;
use super::rules::OwnRules;
use super::runner::Fleet;
use super::schedule::ScheduleFacts;
use super::suspect::RangeFacts;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What was asked for; empty in answers that an older program stored.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked: Vec<Lookup>,
    pub run: Option<Known<RunFacts>>,
    pub jobs: Option<Known<Vec<JobFacts>>>,
    /// The head commit of the branch or pull request; `None` inside when the branch is gone.
    pub head: Option<Known<Option<String>>>,
    pub commit_message: Option<Known<Untrusted>>,
    /// Changes by the branch that they are for.
    #[serde(default)]
    pub changes: BTreeMap<Branch, Known<ChangeFacts>>,
    #[serde(default)]
    pub pulls: Vec<(u64, Known<PullFacts>)>,
    /// By login: whether the account may write to the repository.
    #[serde(default)]
    pub writers: BTreeMap<String, Known<bool>>,
    /// The repository's ledger of quarantines.
    #[serde(default)]
    pub quarantined: Option<Known<Vec<Quarantined>>>,
    /// Who owns the paths that were asked for, by CODEOWNERS of the default branch.
    #[serde(default)]
    pub owners: Option<Known<Vec<String>>>,
    /// `@LOGIN` of who changed the paths that were asked for last, newest first.
    #[serde(default)]
    pub last_authors: Option<Known<Vec<String>>>,
    /// The login of a commit's author, with the commit.
    #[serde(default)]
    pub author_of: Option<(String, Known<Option<String>>)>,
    /// The open pull request whose head the commit is.
    #[serde(default)]
    pub pull_of: Option<Known<Option<PullOf>>>,
    /// What the repository says of itself on its default branch.
    #[serde(default)]
    pub own_rules: Option<Known<OwnRules>>,
    /// What landed between green and red, with the runs there.
    #[serde(default)]
    pub range: Option<Known<RangeFacts>>,
    #[serde(default)]
    pub runners: Option<Known<Fleet>>,
    /// The deployments of a run that wait for approval.
    #[serde(default)]
    pub pending: Option<Known<PendingFacts>>,
    #[serde(default)]
    pub schedule: Option<Known<ScheduleFacts>>,
    /// Pull requests as a merge queue has them.
    #[serde(default)]
    pub queued: Vec<(u64, Known<QueueFacts>)>,
    /// How our own branch stands.
    #[serde(default)]
    pub trial: Option<Known<Trial>>,
    /// Whether the branch that was asked about is protected.
    #[serde(default)]
    pub protected: Option<Known<bool>>,
}

/// A pull request that was found by its head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullOf {
    pub number: u64,
    /// Its head is in another repository.
    pub fork: bool,
}

/// A computed change, without its contents: they lie beside the records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeFacts {
    pub outcome: ChangeOutcome,
    pub because: Vec<String>,
    pub warnings: Vec<String>,
    pub conflicts: Vec<String>,
    /// What conflicts in them: the first regions.
    #[serde(default)]
    pub conflicting: Vec<Conflicting>,
    /// The commit that it stands on.
    pub base: String,
    pub tree: String,
    pub patch_id: String,
    pub preview: Preview,
    /// Who owns the first changed path, by CODEOWNERS.
    #[serde(default)]
    pub owners: Vec<String>,
    #[serde(default)]
    pub sensitive: Vec<String>,
    #[serde(default)]
    pub related: Vec<Related>,
    /// Refused because what was to be edited is nowhere there.
    #[serde(default)]
    pub absent: bool,
}

/// Changed paths that are kept of one change.
pub const TOUCHED_MAX: usize = 500;

/// What people see of a change before they agree.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preview {
    /// `2 files, +3 -1`
    pub stat: String,
    /// Changed paths, the first few.
    pub files: Vec<Untrusted>,
    /// All changed paths, at most [`TOUCHED_MAX`]: two proposals that change one file exclude each other.
    #[serde(default)]
    pub touched: Vec<Untrusted>,
    /// The first changed lines.
    pub hunk: Vec<Untrusted>,
    /// The whole diff, as a blob of the store.
    pub diff: Option<Digest>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullFacts {
    pub number: u64,
    pub title: Untrusted,
    pub merged: bool,
    /// The branch that it was for.
    pub onto: String,
    /// The repository's.
    #[serde(default)]
    pub default_branch: Option<String>,
    /// What it became there, the oldest first; empty before the merge.
    pub commits: Vec<String>,
    pub method: Option<Method>,
    pub merged_at: Option<Time>,
    /// Closed without a merge.
    #[serde(default)]
    pub closed: bool,
    /// Whether the runs at what it became passed; `None` while some are going or none is known.
    #[serde(default)]
    pub green: Option<bool>,
}

/// The answer of a lookup: the fact, or why it cannot be had for good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Known<T> {
    Is(T),
    Unavailable(String),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunFacts {
    pub id: RunId,
    /// The head is in another repository.
    pub fork: bool,
    /// The clock started it.
    #[serde(default)]
    pub scheduled: bool,
    pub attempt: u32,
    /// `None` while it is going.
    pub conclusion: Option<Conclusion>,
    pub created_at: Time,
    pub head_sha: String,
    /// The head's label: see [`head`](super::head).
    pub head_branch: Untrusted,
    pub default_branch: Option<String>,
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobFacts {
    pub id: u64,
    pub name: Untrusted,
    pub conclusion: Option<Conclusion>,
    pub failing_step: Option<Untrusted>,
    /// How many of its steps failed.
    #[serde(default)]
    pub failing_steps: u32,
}

/// What is known of a run, also of one that no incident has: its newest attempt and how that ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSeen {
    pub attempt: u32,
    /// Where its head is, once an event or the forge has told.
    #[serde(default)]
    pub head: Option<Untrusted>,
    /// What it is a run of, once an event has told.
    #[serde(default)]
    pub workflow: Option<Untrusted>,
    /// Cancelled because of a newer push.
    #[serde(default)]
    pub superseded: bool,
    /// The clock started it.
    #[serde(default)]
    pub scheduled: bool,
    pub conclusion: Option<Conclusion>,
    pub at: Time,
    pub incident: Option<IncidentNo>,
}

/// What a step may know beyond its incident; all of it read by the engine before the step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The emergency stop, with who pulled it and why.
    pub hold: Option<Hold>,
    /// The repository's other open incidents by fingerprint: of this incident's, and of the one that just arrived.
    pub same: BTreeMap<String, Same>,
    /// The newest automatic act on this branch, by any incident.
    pub branch_acted_at: Option<Time>,
    /// The owners of what failed can be looked up: the repository can be fetched.
    pub owners_wanted: bool,
    #[serde(default)]
    pub mentioning: Mentioning,
    /// What agents cost since midnight UTC, with what those at work may still cost.
    #[serde(default)]
    pub spent_today: Usd,
    /// What providers' status pages say is wrong.
    #[serde(default)]
    pub outages: Vec<Outage>,
    /// Automatic acts since midnight UTC.
    pub acts_today: u32,
    /// The newest automatic act on this branch that failed, by any incident.
    #[serde(default)]
    pub branch_failed_at: Option<Time>,
    #[serde(default)]
    pub breaker: Breaker,
    /// What agents came to in this workflow.
    #[serde(default)]
    pub records: Records,
    /// How often this fingerprint was retried automatically within the last day.
    pub fingerprint_retries: u32,
    /// What history says of the failure; read only where it is about to be judged.
    #[serde(default)]
    pub judged: Option<Judged>,
}

/// Automatic acts that failed in a row, in all repositories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    pub failures: u32,
    /// When the newest of them failed.
    pub at: Option<Time>,
}

/// Open incidents that share a fingerprint with one, as that one sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Same {
    /// The oldest of its kind before it; kinds are "on the default branch" and "elsewhere".
    pub older: Option<IncidentNo>,
    /// Those of its kind after it.
    pub younger: Vec<IncidentNo>,
    /// The oldest on the default branch.
    pub base: Option<BaseFailure>,
    /// For an incident of the default branch: those elsewhere, which want to know.
    pub on_other_branches: Vec<IncidentNo>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    pub by: String,
    pub at: Time,
    pub reason: Option<Untrusted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BaseFailure {
    pub incident: IncidentNo,
    pub branch: Untrusted,
    pub since: Time,
}
