//! What a person wants, as the grammar reads their command.

use super::actor::{Platform, Role};
use super::cause::Cause;
use super::ids::{IncidentNo, ProposalId, Repo};
use super::link::LinkBy;
use super::mention::Road;
use super::refs::Branch;
use super::repro::How;
use super::subscription::Filter;
use super::summary::Every;
use super::text::Untrusted;
use serde::{Deserialize, Serialize};

/// A proposal, or the only open one of an incident, or of the conversation's incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    Here,
    Incident(IncidentNo),
    Proposal(ProposalId),
}

impl Target {
    /// The incident that the command names; `None` where the conversation has to know it.
    #[must_use]
    pub fn incident(self) -> Option<IncidentNo> {
        match self {
            Self::Here => None,
            Self::Incident(no) => Some(no),
            Self::Proposal(id) => Some(id.incident),
        }
    }
}

/// Which jobs a retry is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// The smallest correct call.
    #[default]
    Smallest,
    Failed,
    All,
    Job(Untrusted),
}

/// What to ask of a remedy, as far as the command says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    Retry(Which),
    Quarantine {
        /// As the framework prints it; without it the incident's only failing test.
        test: Option<Untrusted>,
        file: Option<Untrusted>,
        for_ms: i64,
        reason: Option<Untrusted>,
        /// Via the list that CI fetches, without a change of code.
        #[serde(default)]
        listed: bool,
    },
    /// Extends a quarantine: by its id, or the incident's own. `for_ms` counts from now.
    Extend {
        id: Option<String>,
        for_ms: i64,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Untrusted>,
    },
    /// Removes a quarantine: by its id, or the incident's own.
    Unquarantine {
        id: Option<String>,
    },
    /// Without a package, the one whose version is suspected; without a version, the last that passed.
    Pin {
        package: Option<String>,
        version: Option<String>,
        #[serde(default = "two_weeks")]
        for_ms: i64,
    },
    Unpin {
        package: String,
    },
    /// Without either, the commit that the evidence isolates.
    Revert {
        #[serde(default)]
        pulls: Vec<u64>,
        #[serde(default)]
        commit: Option<String>,
    },
    Backport {
        pull: Option<u64>,
        to: Vec<Branch>,
    },
    /// A small fix of a workflow: by this template, or the one that the known issue names.
    Fix {
        template: Option<String>,
        words: Vec<String>,
    },
    /// Lets the specialist's agent try, with what the person adds.
    Agent {
        ask: Option<Untrusted>,
    },
    /// Re-runs runs between green and red until the culprit is known.
    Bisect,
    /// Puts a pull request back into its merge queue; without a number, the one that was thrown out.
    Requeue {
        pull: Option<u64>,
    },
    /// Opens a tracking issue.
    Issue {
        reason: Option<Untrusted>,
    },
}

fn two_weeks() -> i64 {
    14 * super::time::DAY_MS
}

impl Wish {
    /// The remedy that it is for.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Retry(_) => "retry",
            Self::Quarantine { .. } => "quarantine",
            Self::Extend { .. } => "extend",
            Self::Unquarantine { .. } => "unquarantine",
            Self::Pin { .. } => "pin",
            Self::Unpin { .. } => "unpin",
            Self::Revert { .. } => "revert",
            Self::Backport { .. } => "backport",
            Self::Fix { .. } => "fix",
            Self::Agent { .. } => "agent",
            Self::Bisect => "bisect",
            Self::Requeue { .. } => "requeue",
            Self::Issue { .. } => "issue",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    Help {
        topic: Option<String>,
    },
    List {
        repo: Option<Repo>,
        stage: Option<String>,
    },
    Show {
        target: Target,
    },
    Why {
        target: Target,
    },
    /// The cause shown is wrong; what it is, where the person says so.
    Wrong {
        target: Target,
        cause: Option<Cause>,
    },
    /// The person has it.
    Ack {
        target: Target,
    },
    /// Somebody else shall have it: as they are named, and their key once that is known.
    Assign {
        target: Target,
        to: Untrusted,
        key: Option<String>,
        /// Where they want to be told.
        #[serde(default)]
        direct: Vec<(Platform, String)>,
    },
    /// Nobody is called for this long, in milliseconds; 0 ends it. Or until the clock on the wall says so, in minutes after
    /// midnight.
    Snooze {
        target: Target,
        for_ms: i64,
        until: Option<i16>,
    },
    /// Closes it by hand.
    Resolve {
        target: Target,
        reason: Option<Untrusted>,
    },
    Reopen {
        target: Target,
    },
    /// What fixing agents do (`true`), did (`false`), or both.
    Loops {
        active: Option<bool>,
    },
    /// What they came to by workflow; or forget it.
    Routing {
        reset: bool,
    },
    /// What they and automatic actions may still do today.
    Budget,
    /// Whether the installation works.
    Doctor,
    /// How the last weeks went.
    Stats {
        repo: Option<Repo>,
    },
    Remedy {
        target: Target,
        wish: Wish,
        force: bool,
        dry_run: bool,
    },
    /// A script that reproduces the failure, or runs of it in containers.
    Repro {
        target: Target,
        #[serde(default)]
        how: How,
    },
    /// Undoes a finished proposal.
    Undo {
        target: Target,
    },
    Approve {
        target: Target,
    },
    Reject {
        target: Target,
        reason: Option<Untrusted>,
    },
    Cancel {
        target: Target,
    },
    Hold {
        reason: Option<Untrusted>,
    },
    Unhold,
    Subscribe {
        filter: Filter,
    },
    Unsubscribe {
        repo: Option<Repo>,
        /// Another channel than the one that it is said in.
        from: Option<(Platform, String)>,
    },
    Subscriptions,
    /// What is quarantined now.
    Quarantined {
        repo: Option<Repo>,
        owner: Option<String>,
    },
    /// No new cards here for this long, in milliseconds; 0 unmutes.
    Mute {
        for_ms: i64,
    },
    /// The channel's digests as they are.
    Digests,
    /// One more digest for the channel, or another time for the one that it has. `minute` is of the clock on the wall.
    Digest {
        every: Every,
        minute: Option<i16>,
        zone: Option<String>,
    },
    /// No digests for the channel any more.
    NoDigests,
    /// How the person wants to be told; what is absent stays as it is.
    Notify {
        road: Option<Road>,
        quiet: Option<String>,
        zone: Option<String>,
    },
    /// The person's account here is theirs at the forge too.
    Link {
        by: LinkBy,
    },
    /// It is no longer; `login`: whoever linked that login, by an admin's word.
    Unlink {
        login: Option<String>,
    },
    /// A link to read the incident without signing in, for so many milliseconds; 0 ends all of its links.
    Share {
        target: Target,
        for_ms: i64,
    },
}

impl Intent {
    /// What the intent is about, where it is about an incident.
    #[must_use]
    pub fn target(&self) -> Option<Target> {
        match self {
            Self::Show { target }
            | Self::Why { target }
            | Self::Wrong { target, .. }
            | Self::Ack { target }
            | Self::Assign { target, .. }
            | Self::Snooze { target, .. }
            | Self::Resolve { target, .. }
            | Self::Reopen { target }
            | Self::Remedy { target, .. }
            | Self::Undo { target }
            | Self::Repro { target, .. }
            | Self::Approve { target }
            | Self::Share { target, .. }
            | Self::Reject { target, .. }
            | Self::Cancel { target } => Some(*target),
            _ => None,
        }
    }

    /// Whether its answer shows what repositories hold, or their names.
    #[must_use]
    pub fn reads(&self) -> bool {
        !matches!(
            self,
            Self::Help { .. }
                | Self::Budget
                | Self::Doctor
                | Self::Hold { .. }
                | Self::Unhold
                | Self::Link { .. }
                | Self::Unlink { .. }
                | Self::Notify { .. }
        )
    }

    /// The lowest role that may ask for it. Policy counts approvals on top of this.
    #[must_use]
    pub fn role(&self) -> Role {
        match self {
            Self::Help { .. }
            | Self::List { .. }
            | Self::Show { .. }
            | Self::Why { .. }
            | Self::Stats { .. }
            | Self::Loops { .. }
            | Self::Routing { reset: false }
            | Self::Budget
            | Self::Subscriptions
            | Self::Digests
            | Self::Notify { .. }
            | Self::Quarantined { .. }
            | Self::Link { .. }
            | Self::Unlink { login: None }
            | Self::Remedy { dry_run: true, .. } => Role::Viewer,
            Self::Remedy { .. }
            | Self::Undo { .. }
            | Self::Repro { how: How::Script, .. }
            | Self::Reject { .. }
            | Self::Wrong { .. }
            | Self::Doctor
            | Self::Ack { .. }
            | Self::Assign { .. }
            | Self::Snooze { .. }
            | Self::Resolve { .. }
            | Self::Reopen { .. }
            | Self::Cancel { .. }
            | Self::Hold { .. }
            | Self::Subscribe { .. }
            | Self::Unsubscribe { from: None, .. }
            | Self::Share { .. }
            | Self::Mute { .. }
            | Self::Digest { .. }
            | Self::NoDigests => Role::Responder,
            Self::Approve { .. } | Self::Repro { .. } => Role::Approver,
            Self::Unhold
            | Self::Unsubscribe { from: Some(_), .. }
            | Self::Routing { reset: true }
            | Self::Unlink { login: Some(_) } => Role::Admin,
        }
    }
}
