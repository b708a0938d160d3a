//! The primitive, idempotent acts that plans are made of.
//!
//! GitHub has no idempotency keys, so idempotency lives in the nouns: a re-run carries the attempt it expects, a
//! comment its hidden marker, a check its name and commit. Each is safe to ask for twice.

use super::agent::{Attempt, Usd};
use super::change::{Conflicting, Pick};
use super::ids::{Digest, ProposalId, Repo, RunId};
use super::quarantined::Quarantined;
use super::refs::{Branch, OwnBranch};
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The label on everything that the bot makes.
pub const OWN_LABEL: &str = "ci:auto-rescue";

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
    /// The agent has made its n-th attempt on `base`.
    Attempt {
        repo: Repo,
        base: String,
        proposal: ProposalId,
        n: u32,
        specialist: String,
        /// What it may cost.
        reserve: Usd,
        /// A job that failed after the attempt before.
        job: Option<u64>,
        /// When the money was set aside.
        at: Time,
    },
    /// Our branch stands on the head of `onto` with this change, whose tree is `tree`; `at` dates its commits.
    Branch { repo: Repo, onto: Branch, branch: OwnBranch, change: ChangeSpec, message: String, tree: String, at: Time },
    /// Our branch is not there.
    BranchGone { repo: Repo, branch: OwnBranch },
    /// A pull request from our branch is there.
    Pull {
        repo: Repo,
        onto: Branch,
        branch: OwnBranch,
        title: Untrusted,
        body: Box<PullBody>,
        labels: Vec<String>,
        draft: bool,
    },
    /// No pull request from our branch is open.
    PullClosed { repo: Repo, branch: OwnBranch },
    /// Our check at the head of our branch says whether these files, which conflict in `tree`, have been resolved.
    Markers { repo: Repo, branch: OwnBranch, paths: Vec<String>, tree: String },
    /// Our issue with this marker is there.
    Issue { repo: Repo, marker: String, title: Untrusted, body: Box<IssueBody>, labels: Vec<String> },
    /// Our issue with this marker is closed, or was never there.
    IssueClosed { repo: Repo, marker: String },
    /// The ledger of quarantines has this entry.
    Listed { entry: Box<Quarantined> },
    /// The ledger of quarantines has no entry of this id.
    Unlisted { repo: Repo, id: String },
    /// The pull request is in its merge queue, with this head.
    Enqueued { repo: Repo, number: u64, id: String, head: String },
    /// Our check run of this name on the commit says this.
    Check { repo: Repo, sha: String, name: String, conclusion: String, title: String, summary: String },
}

impl Action {
    /// The repository that it is about.
    pub fn repo_mut(&mut self) -> &mut Repo {
        match self {
            Self::Rerun { repo, .. }
            | Self::Cancelled { repo, .. }
            | Self::Attempt { repo, .. }
            | Self::Label { repo, .. }
            | Self::Comment { repo, .. }
            | Self::Branch { repo, .. }
            | Self::BranchGone { repo, .. }
            | Self::Pull { repo, .. }
            | Self::PullClosed { repo, .. }
            | Self::Markers { repo, .. }
            | Self::Issue { repo, .. }
            | Self::IssueClosed { repo, .. }
            | Self::Unlisted { repo, .. }
            | Self::Enqueued { repo, .. }
            | Self::Check { repo, .. } => repo,
            Self::Listed { entry } => &mut entry.repo,
        }
    }
}

/// A change of contents, as what it is computed from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeSpec {
    Pick(Pick),
    Quarantine {
        test: String,
        framework: Option<String>,
        file: Option<String>,
        id: String,
        until: String,
        reason: String,
    },
    Unquarantine {
        id: String,
    },
    /// Moves a quarantine's expiry date.
    Extend {
        id: String,
        until: String,
    },
    /// A small fix of a workflow, by a template.
    Fix {
        template: String,
        workflow: Option<String>,
        job: Option<String>,
        step: Option<String>,
        lines: Vec<String>,
        words: Vec<String>,
    },
    Pin {
        package: String,
        version: String,
        /// The day on which the bot proposes to remove it, `YYYY-MM-DD`; it is not in the manifest.
        #[serde(default)]
        until: String,
    },
    Unpin {
        package: String,
    },
    /// What an agent changed on this commit: a blob of the store.
    Patch {
        base: String,
        diff: Digest,
    },
}

/// The contents of a pull request of the bot's; the wording is in `templates/github/pull.jinja`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullBody {
    pub remedy: String,
    pub proposal: String,
    pub incident: u64,
    pub summary: Untrusted,
    /// What failed, and where.
    pub cause: Untrusted,
    pub because: Vec<Untrusted>,
    pub warnings: Vec<Untrusted>,
    /// The lines of the log that say so.
    pub evidence: Vec<Untrusted>,
    pub conflicts: Vec<Untrusted>,
    /// What conflicts in them: the first regions.
    #[serde(default)]
    pub conflicting: Vec<Conflicting>,
    /// What was tried on the incident before.
    #[serde(default)]
    pub attempts: Vec<Untrusted>,
    /// Issues of the bot's that merging this closes.
    #[serde(default)]
    pub closes: Vec<u64>,
    /// Where the defect may already be reported: a project on GitHub.
    #[serde(default)]
    pub upstream: Option<Repo>,
    pub by: Untrusted,
    pub undo: String,
}

/// The contents of an issue of the bot's; the wording is in `templates/github/issue.jinja`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueBody {
    pub proposal: String,
    pub incident: u64,
    /// What failed, and where.
    pub cause: Untrusted,
    /// The failure's category, with reasons.
    pub because: Vec<Untrusted>,
    pub evidence: Vec<Untrusted>,
    pub tests: Vec<Untrusted>,
    pub attempts: Vec<Untrusted>,
    /// The log's excerpt, as a blob of the store.
    #[serde(default)]
    pub excerpt: Option<Digest>,
    /// What may help.
    #[serde(default)]
    pub advice: Vec<Untrusted>,
    /// By CODEOWNERS: `@login`, `@org/team` or an address.
    pub owners: Vec<String>,
    /// What is quarantined for it, and until which day.
    pub quarantine: Option<(Untrusted, String)>,
    pub reason: Option<Untrusted>,
    pub by: Untrusted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MadeKind {
    #[serde(rename = "pull request")]
    Pull,
    #[serde(rename = "issue")]
    Issue,
}

impl fmt::Display for MadeKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pull => "pull request",
            Self::Issue => "issue",
        })
    }
}

/// Something that a step created and that people will look for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    pub what: MadeKind,
    pub number: u64,
    pub url: String,
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

/// The outcome of an action.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Done, now or before.
    Done,
    /// Done in another way than planned, and how.
    Otherwise(String),
    /// Done, and here it is.
    Made(Made),
    /// An agent's attempt came to its end.
    Attempted(Box<Attempt>),
    /// The emergency stop was on when it was about to be written.
    Held,
    /// It will not happen, and why.
    Failed(String),
    /// It may have happened; looking did not settle it within the allowed tries.
    Unknown(String),
}
