//! Everything the bot wants from the world, except publishing: a card is marked dirty instead.

use super::access::Asked;
use super::action::{Action, ChangeSpec};
use super::actor::{Actor, Place, Platform};
use super::agent::Usd;
use super::event::{Event, Failure, Timer};
use super::evidence::FailingTest;
use super::ids::{Digest, IncidentNo, Repo, RunId};
use super::journal::Note;
use super::link::Account;
use super::page::{Found, Lists, Posted};
use super::refs::{Branch, OwnBranch};
use super::sharing::Shared;
use super::summary::Every;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// A fact that planning lacks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "lookup", rename_all = "snake_case")]
pub enum Lookup {
    Run {
        repo: Repo,
        run: RunId,
    },
    Jobs {
        repo: Repo,
        run: RunId,
        attempt: u32,
    },
    /// The commit at the head of a branch, of the pull request where one is known.
    Head {
        repo: Repo,
        branch: Untrusted,
        pull: Option<u64>,
    },
    CommitMessage {
        repo: Repo,
        sha: String,
    },
    /// A change of contents, computed on the head of a branch.
    Change {
        repo: Repo,
        onto: Branch,
        change: ChangeSpec,
        message: String,
    },
    /// A pull request, and the commits that it became.
    Pull {
        repo: Repo,
        number: u64,
    },
    /// What is quarantined in the repository.
    Quarantined {
        repo: Repo,
    },
    /// Who owns these paths.
    Owners {
        repo: Repo,
        onto: Branch,
        paths: Vec<String>,
    },
    /// Who changed the first of these paths that has a history, as of this commit.
    LastAuthors {
        repo: Repo,
        commit: String,
        paths: Vec<String>,
    },
    /// Who wrote a commit.
    AuthorOf {
        repo: Repo,
        sha: String,
    },
    /// The open pull request with this head.
    PullOf {
        repo: Repo,
        /// The head's label.
        head: Untrusted,
        sha: String,
    },
    /// How a branch of ours stands, and what this workflow says of its head.
    Trial {
        repo: Repo,
        workflow: Untrusted,
        branch: OwnBranch,
    },
    /// What the repository says of itself: its file of rules, on its default branch.
    OwnRules {
        repo: Repo,
    },
    /// What landed between a green commit and a red one, and what the runs there came to.
    Range {
        repo: Repo,
        workflow: Untrusted,
        branch: Untrusted,
        job: Untrusted,
        green: String,
        red: String,
    },
    /// The runners that have all of these labels.
    Runners {
        repo: Repo,
        labels: Vec<String>,
    },
    /// The deployments of a run that wait for approval.
    Pending {
        repo: Repo,
        run: RunId,
    },
    /// How often a workflow runs by the clock, and which of its newest runs on the branch are red.
    Schedule {
        repo: Repo,
        workflow: Untrusted,
        branch: Untrusted,
    },
    /// A pull request as a merge queue has it.
    Queued {
        repo: Repo,
        number: u64,
    },
    /// Whether a branch is protected.
    Protected {
        repo: Repo,
        branch: Untrusted,
    },
    /// Whether an account may write to the repository, as of now.
    MayWrite {
        repo: Repo,
        login: String,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
pub enum Effect {
    ReadLog {
        incident: IncidentNo,
        repo: Repo,
        run: RunId,
        attempt: u32,
        job_id: u64,
        /// Of the job and its failing step: they say what kind of failure it is before the log does.
        names: Vec<Untrusted>,
    },
    Gather {
        incident: IncidentNo,
        proposal: Option<u32>,
        lookups: Vec<Lookup>,
    },
    Perform {
        incident: IncidentNo,
        proposal: u32,
        step: usize,
        undo: bool,
        automatic: bool,
        /// An automatic act of its own, rather than a later part of one.
        #[serde(default = "yes")]
        counts: bool,
        digest: Digest,
        action: Box<Action>,
    },
    /// Looks again whether conflict markers are left in a draft of ours.
    Recheck {
        incident: IncidentNo,
        action: Box<Action>,
    },
    /// Makes true what follows from the end of a pull request of ours.
    Follow {
        incident: IncidentNo,
        action: Box<Action>,
    },
    /// Merges our pull request if its CI is green and its head is still ours.
    Merge {
        incident: IncidentNo,
        proposal: u32,
        repo: Repo,
        branch: OwnBranch,
        /// What we pushed.
        tree: String,
    },
    /// Looks whether a pull request of ours has ended: a webhook may be lost.
    LookAtPull {
        incident: IncidentNo,
        repo: Repo,
        number: u64,
        branch: OwnBranch,
    },
    /// Writes a script that reproduces the failure.
    Reproduce {
        incident: IncidentNo,
        repo: Repo,
        sha: String,
        tests: Vec<FailingTest>,
    },
    /// Runs the script that reproduces the failure in a container, at one commit.
    RunRepro {
        incident: IncidentNo,
        /// Of the incident's reproductions.
        n: u32,
        repo: Repo,
        sha: String,
        /// What the failing job is called, which says in what image.
        workflow: Untrusted,
        job: Untrusted,
        tests: Vec<FailingTest>,
    },
    /// Asks the analyst about a failure that no rule knows.
    Analyse {
        incident: IncidentNo,
        print: String,
    },
    /// Looks at what landed between the last green run and this red one.
    Suspect {
        incident: IncidentNo,
        repo: Repo,
        workflow: Untrusted,
        branch: Untrusted,
        run: RunId,
        sha: String,
        /// The failing job, whose green namesake is read too.
        job: Option<Untrusted>,
    },
    /// Reads the test reports among the artifacts of an attempt.
    ReadReports {
        repo: Repo,
        run: RunId,
        attempt: u32,
        failed: bool,
    },
    /// Asks the forge where the head of a failure is, and whether a newer push cancelled it.
    Look {
        failure: Box<Failure>,
    },
    /// Hands in a person's review of a deployment, if the forge says that they may give it.
    HandIn {
        incident: IncidentNo,
        repo: Repo,
        run: RunId,
        environments: Vec<u64>,
        approve: bool,
        login: String,
        /// The person's key.
        #[serde(default)]
        key: String,
        /// What was decided on; absent in what an older version left behind.
        #[serde(default)]
        digest: Option<Digest>,
        /// The review's comment.
        said: String,
        /// Of the request: marks the comment.
        id: Digest,
    },
    /// Brings the verdict check of a pull request's head up to date.
    CheckCommit {
        repo: Repo,
        sha: String,
        /// The head's label.
        head: Untrusted,
    },
    /// Asks the forge what an account may read, before answering.
    Clear {
        asked: Box<Asked>,
        login: Option<String>,
        repos: Vec<Repo>,
    },
    /// Asks the platform what this person may do there, before acting on their command.
    Vouch {
        actor: Actor,
        place: Place,
        text: String,
    },
    /// A direct message, by the first of these accounts that can be reached.
    Direct {
        to: Vec<(Platform, String)>,
        note: Note,
    },
    /// The person's own page: what it lists, or in pages from before it had lists, a note.
    Welcome {
        place: Place,
        actor_id: String,
        #[serde(default)]
        note: Option<Note>,
        #[serde(default)]
        lists: Option<Box<Lists>>,
    },
    /// The answer in a window over a message.
    Inform {
        place: Place,
        window: String,
        found: Found,
    },
    /// Previews of these links in a message, by incident.
    Preview {
        platform: Platform,
        at: Posted,
        shown: Vec<(String, IncidentNo)>,
    },
    /// Tells a channel what the bot did by itself in these days.
    Review {
        platform: Platform,
        channel: String,
        from: Time,
        to: Time,
    },
    /// Tells a channel what happened between two moments.
    Summary {
        platform: Platform,
        channel: String,
        every: Every,
        from: Time,
        to: Time,
    },
    /// Looks whether the installation works, and answers one person privately.
    Doctor {
        place: Place,
        actor_id: String,
    },
    /// Counts how it went, and answers one person privately.
    Stats {
        place: Place,
        actor_id: String,
        /// Of these repositories alone.
        only: Option<Vec<Repo>>,
    },
    /// Asks the forge for a code with which a person signs in there.
    BeginLink {
        actor: Actor,
        place: Place,
    },
    /// Asks the forge whether they have.
    PollLink {
        account: Account,
        flow: Digest,
        handle: String,
    },
    /// Answers one person privately with a link to read the incident.
    Share {
        incident: IncidentNo,
        place: Place,
        actor_id: String,
        shared: Shared,
    },
    /// A private answer to one person.
    Reply {
        place: Place,
        actor_id: String,
        note: Note,
    },
}

fn yes() -> bool {
    true
}

impl Effect {
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ReadLog { .. } => "read_log",
            Self::Gather { .. } => "gather",
            Self::Perform { .. } => "perform",
            Self::Recheck { .. } => "recheck",
            Self::Follow { .. } => "follow",
            Self::Merge { .. } => "merge",
            Self::LookAtPull { .. } => "look_at_pull",
            Self::Reproduce { .. } => "reproduce",
            Self::RunRepro { .. } => "run_repro",
            Self::Analyse { .. } => "analyse",
            Self::Suspect { .. } => "suspect",
            Self::ReadReports { .. } => "read_reports",
            Self::Look { .. } => "look",
            Self::CheckCommit { .. } => "check_commit",
            Self::HandIn { .. } => "hand_in",
            Self::Clear { .. } => "clear",
            Self::Vouch { .. } => "vouch",
            Self::Direct { .. } => "direct",
            Self::Welcome { .. } => "welcome",
            Self::Inform { .. } => "inform",
            Self::Preview { .. } => "preview",
            Self::Review { .. } => "review",
            Self::Summary { .. } => "summary",
            Self::Doctor { .. } => "doctor",
            Self::Stats { .. } => "stats",
            Self::BeginLink { .. } => "begin_link",
            Self::PollLink { .. } => "poll_link",
            Self::Share { .. } => "share",
            Self::Reply { .. } => "reply",
        }
    }

    #[must_use]
    pub fn incident(&self) -> Option<IncidentNo> {
        match self {
            Self::ReadLog { incident, .. }
            | Self::Gather { incident, .. }
            | Self::Perform { incident, .. }
            | Self::Recheck { incident, .. }
            | Self::Follow { incident, .. }
            | Self::Merge { incident, .. }
            | Self::HandIn { incident, .. }
            | Self::LookAtPull { incident, .. }
            | Self::Reproduce { incident, .. }
            | Self::RunRepro { incident, .. }
            | Self::Analyse { incident, .. }
            | Self::Suspect { incident, .. }
            | Self::Share { incident, .. } => Some(*incident),
            Self::Look { .. }
            | Self::CheckCommit { .. }
            | Self::ReadReports { .. }
            | Self::Clear { .. }
            | Self::Vouch { .. }
            | Self::Direct { .. }
            | Self::Welcome { .. }
            | Self::Inform { .. }
            | Self::Preview { .. }
            | Self::Review { .. }
            | Self::Summary { .. }
            | Self::Doctor { .. }
            | Self::Stats { .. }
            | Self::BeginLink { .. }
            | Self::PollLink { .. }
            | Self::Reply { .. } => None,
        }
    }
}

/// What one step asks for beside effects.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    Effect(Effect),
    Timer {
        timer: Timer,
        at: Time,
    },
    /// For the journal, and for the thread if `tell` is set.
    Note {
        by: Option<String>,
        tell: bool,
        note: Note,
    },
    /// An automatic act came to its end: what the breaker counts.
    Came {
        passed: bool,
    },
    /// An agent's attempt that began then cost so much, for which so much was set aside.
    Spent {
        at: Time,
        reserve: Usd,
        cost: Usd,
    },
    /// Whether a specialist's agent fixed a failure of the workflow.
    Learnt {
        specialist: String,
        fixed: bool,
    },
    /// For another incident, in the same turn.
    Event(Box<Event>),
}
