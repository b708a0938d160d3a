//! What happened, for the audit and for the thread: facts in variants, words in `templates/notes.jinja`.

use super::actor::Platform;
use super::analysis::Hypothesis;
use super::barrier::Closed;
use super::event::QueueEnd;
use super::ids::{IncidentNo, ProposalId, Repo};
use super::mention::{Road, Whose};
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// One line of an incident's journal (or of the installation's, for incident 0).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1 within the incident.
    pub seq: u64,
    pub at: Time,
    /// The person's key, where a person did it.
    pub by: Option<String>,
    /// The delivery that brought it about.
    pub delivery: String,
    /// Whether to post it in the thread.
    pub tell: bool,
    pub note: Note,
}

/// A fact worth a sentence. Variants are named for what happened or what was refused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "note", rename_all = "snake_case")]
pub enum Note {
    Opened {
        job: Untrusted,
        conclusion: String,
    },
    /// A person asked for something on a pull request.
    Requested {
        by: Untrusted,
    },
    Joined {
        job: Untrusted,
        count: u64,
    },
    Storm {
        count: u64,
    },
    Ignored {
        why: String,
    },
    EvidenceFound {
        line: Untrusted,
        category: String,
    },
    LogMissing {
        why: String,
    },
    BaseFails {
        incident: IncidentNo,
        since: Time,
    },
    AdoptedBy {
        incident: IncidentNo,
    },
    Adopted {
        incident: IncidentNo,
    },
    Proposed {
        proposal: ProposalId,
        remedy: String,
        summary: Untrusted,
        by: Untrusted,
    },
    Planned {
        summary: Untrusted,
        notes: Vec<Untrusted>,
        because: Vec<String>,
        quorum: u32,
    },
    AwaitingApproval {
        proposal: ProposalId,
        /// Empty in entries of before it was kept.
        #[serde(default)]
        summary: Untrusted,
        quorum: u32,
        expires_at: Time,
        because: Vec<String>,
    },
    /// What will change in a branch, for approvers.
    Preview {
        proposal: ProposalId,
        onto: Untrusted,
        stat: String,
        files: Vec<Untrusted>,
        hunk: Vec<Untrusted>,
    },
    /// A deployment waits for approval, so many hours already.
    DeploymentWaits {
        environments: Vec<Untrusted>,
        reviewers: String,
        hours: u64,
    },
    /// A person let a deployment through, or stopped it.
    DeploymentReviewed {
        by: Untrusted,
        approved: bool,
        environments: Vec<Untrusted>,
        reason: Option<Untrusted>,
        /// Not by way of us; `by` is a login.
        elsewhere: bool,
    },
    Approved {
        proposal: ProposalId,
        by: Untrusted,
        have: u32,
        quorum: u32,
        #[serde(default)]
        undo: bool,
    },
    PlanChanged {
        proposal: ProposalId,
        summary: Untrusted,
    },
    WaitingForRun {
        proposal: ProposalId,
    },
    /// A bisection has come to its end.
    /// An agent's attempt came to its end: proposed, refused, escalated, failed, interrupted.
    Attempted {
        proposal: ProposalId,
        n: u32,
        came: String,
        why: Vec<String>,
        cost: String,
        took_s: i64,
    },
    Bisected {
        proposal: ProposalId,
        summary: Untrusted,
        because: Vec<String>,
    },
    /// The bot merged its own pull request.
    Merged {
        proposal: ProposalId,
    },
    /// The bot will not merge it; people may.
    NotMerged {
        proposal: ProposalId,
        why: String,
    },
    /// It cannot be planned yet.
    WaitingFor {
        proposal: ProposalId,
        what: String,
    },
    Started {
        proposal: ProposalId,
        summary: Untrusted,
    },
    Done {
        proposal: ProposalId,
        summary: Untrusted,
    },
    /// It opened a pull request or an issue.
    Made {
        proposal: ProposalId,
        /// `pull request #12`, each.
        #[serde(default)]
        made: Vec<String>,
        /// Where each of them is; entries from before it was kept have none.
        #[serde(default)]
        urls: Vec<String>,
        summary: Untrusted,
    },
    Undone {
        proposal: ProposalId,
        why: String,
        /// The person who asked for it; `None` after a failed step.
        #[serde(default)]
        by: Option<String>,
        /// What the undo changed: `branch deleted`, each.
        #[serde(default)]
        undid: Vec<String>,
    },
    Failed {
        proposal: ProposalId,
        why: String,
        /// Its patch is kept with the incident.
        #[serde(default)]
        patch: bool,
    },
    /// Suspected commits and packages, most suspicious first.
    Suspected {
        lines: Vec<String>,
    },
    /// What the analyst guesses.
    Analysed {
        hypothesis: Box<Hypothesis>,
    },
    NotAnalysed {
        why: String,
    },
    /// The script is being written.
    Reproducing,
    /// A proposal is being undone.
    Undoing {
        proposal: ProposalId,
        by: Untrusted,
    },
    /// A script that reproduces the failure is on the incident's page.
    Reproduced,
    Refused {
        what: String,
        why: Vec<String>,
    },
    Rejected {
        proposal: ProposalId,
        by: Untrusted,
        reason: Option<Untrusted>,
        /// Its undo, not the proposal.
        #[serde(default)]
        undo: bool,
    },
    Cancelled {
        proposal: ProposalId,
        by: Untrusted,
        #[serde(default)]
        undo: bool,
    },
    Expired {
        proposal: ProposalId,
        #[serde(default)]
        undo: bool,
    },
    AutoSkipped {
        why: Vec<String>,
    },
    AutoScheduled {
        at: Time,
        because: Vec<String>,
    },
    AttemptFailed {
        attempt: u32,
    },
    RunStarted {
        attempt: u32,
    },
    Resolved {
        because: String,
    },
    /// Its pull request was closed or merged, so the failure no longer matters.
    PullEnded {
        number: u64,
        merged: bool,
    },
    /// It needs more than the bot can do.
    Escalated {
        /// Empty in entries of before it was kept: those were for critical workflows.
        #[serde(default)]
        because: String,
        owners: Vec<String>,
    },
    /// A person closed the issue of an escalation as not planned.
    IssueDeclined {
        number: u64,
        by: Untrusted,
    },
    /// Whose failure it is, told where they are mentioned: in these channels alone.
    Mentioned {
        owners: Vec<String>,
        whose: Whose,
        places: Vec<(Platform, String)>,
        /// Why it was escalated, where that is what they are mentioned for.
        #[serde(default)]
        escalated: Option<String>,
    },
    /// To whom somebody else assigned it, in a direct message.
    AssignedToYou {
        incident: IncidentNo,
        by: Untrusted,
    },
    /// For an owner who wants a direct message instead of a mention.
    Yours {
        incident: IncidentNo,
        repo: Repo,
        workflow: Untrusted,
        branch: Untrusted,
        whose: Whose,
        escalated: Option<String>,
    },
    /// For the author of the commit that the evidence isolates, in a direct message.
    Blamed {
        incident: IncidentNo,
        repo: Repo,
        sha: String,
        subject: Untrusted,
        workflow: Untrusted,
        branch: Untrusted,
    },
    /// The branch was deleted: nothing is built there any more.
    BranchGone {
        branch: Untrusted,
    },
    /// What the merge queue tried is over.
    QueueEnded {
        end: QueueEnd,
    },
    /// The repository has another name.
    Renamed {
        from: Repo,
        to: Repo,
    },
    /// Done in another way than planned.
    Otherwise {
        how: String,
    },
    /// A merge queue threw the pull request out.
    Dequeued {
        number: Option<u64>,
        #[serde(default)]
        reason: Option<String>,
    },
    /// A pull request that was thrown out is in the queue again.
    QueuedAgain {
        number: u64,
    },
    /// For the author of what a merge queue threw out, in a direct message.
    ThrownOut {
        incident: IncidentNo,
        repo: Repo,
        number: u64,
        onto: Untrusted,
        because: String,
    },
    /// A scheduled run failed once more.
    RedNight {
        sha: String,
        words: String,
    },
    /// A workflow did not run at its time.
    Missed {
        words: String,
        advice: String,
    },
    /// A person approved a pull request of ours.
    Reviewed {
        proposal: ProposalId,
        number: u64,
        by: Untrusted,
    },
    Reopened {
        because: String,
    },
    HoldSet {
        by: Untrusted,
        reason: Option<Untrusted>,
    },
    HoldLifted {
        by: Untrusted,
    },
    HoldAlready {
        by: String,
        since: Time,
    },
    NoHold,
    Subscribed {
        feed: String,
    },
    Unsubscribed {
        count: u64,
        /// Another channel than the one that it was said in.
        #[serde(default)]
        from: Option<String>,
    },
    Muted {
        until: Option<Time>,
    },
    Feeds {
        rows: Vec<FeedRow>,
    },
    /// The channel's digests. `changed`: a command has just made it so.
    Digests {
        changed: bool,
        rows: Vec<FeedRow>,
    },
    /// How the person is told now. `direct`: without a word of theirs, by direct message too.
    Notified {
        road: Road,
        direct: bool,
        /// `22:00-07:00, Europe/Berlin`.
        quiet: Option<String>,
    },
    List {
        rows: Vec<ListRow>,
        more: u64,
        what: String,
    },
    /// Quarantined tests, by owner and age.
    Quarantined {
        rows: Vec<QuarantinedRow>,
        more: u64,
        what: Option<String>,
    },
    Shown {
        row: Box<ListRow>,
        lines: Vec<Untrusted>,
        state: String,
    },
    Why {
        lines: Vec<String>,
    },
    Doctor {
        lines: Vec<String>,
    },
    /// Loops of fixing agents, a line each.
    Loops {
        lines: Vec<Untrusted>,
        more: u64,
    },
    /// What agents came to, a line for each workflow and specialist.
    Routing {
        lines: Vec<Untrusted>,
        more: u64,
    },
    RoutingReset {
        workflows: u64,
    },
    Budget {
        lines: Vec<String>,
    },
    Stats {
        lines: Vec<String>,
    },
    /// A person has it now, instead of another.
    Acknowledged {
        by: Untrusted,
        from: Option<Untrusted>,
    },
    Assigned {
        by: Untrusted,
        to: Untrusted,
    },
    Snoozed {
        by: Untrusted,
        until: Time,
    },
    /// A snooze ended.
    Woken {
        because: String,
    },
    /// A person closed it.
    ResolvedBy {
        by: Untrusted,
        reason: Option<Untrusted>,
    },
    /// A person corrected the cause.
    Corrected {
        by: Untrusted,
        from: String,
        to: String,
    },
    Help {
        text: String,
    },
    Mistake {
        what: String,
        nearest: Option<String>,
        example: Option<String>,
    },
    /// Cards do not get through until somebody mends something.
    Trouble(Closed),
    /// They get through again.
    Restored(Closed),
    /// What a person enters at the forge, and where.
    LinkCode {
        code: String,
        url: String,
        minutes: i64,
    },
    /// What a person brings from the console to a chat.
    ConsoleCode {
        code: String,
        minutes: i64,
    },
    /// An account is somebody's at the forge from now on.
    Linked {
        by: Untrusted,
        account: Untrusted,
        login: String,
    },
    Unlinked {
        by: Untrusted,
        logins: Vec<String>,
    },
    /// A linked login is another account's now, or may be.
    LinkEnded {
        account: Untrusted,
        login: String,
    },
    /// A link to read the incident was made.
    Shared {
        by: Untrusted,
        until: Time,
    },
    /// All of its links ended.
    Unshared {
        by: Untrusted,
    },
    /// The link itself, for whoever asked.
    ShareLink {
        incident: IncidentNo,
        url: String,
        until: Time,
    },
    /// To somebody who may see nothing here: names nothing.
    NotForYou,
    Denied {
        what: String,
        need: String,
        have: String,
    },
    Dead {
        effect: String,
        why: String,
    },
}

/// The mood of a private reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// The request succeeded.
    Done,
    /// An answer to a question.
    Told,
    /// The request failed.
    Refused,
}

impl Note {
    #[must_use]
    pub fn mood(&self) -> Mood {
        match self {
            Self::Mistake { .. }
            | Self::NotForYou
            | Self::Denied { .. }
            | Self::Refused { .. }
            | Self::Failed { .. }
            | Self::Dead { .. } => Mood::Refused,
            Self::Help { .. }
            | Self::List { .. }
            | Self::Quarantined { .. }
            | Self::Shown { .. }
            | Self::Why { .. }
            | Self::Doctor { .. }
            | Self::Stats { .. }
            | Self::Loops { .. }
            | Self::Routing { .. }
            | Self::Budget { .. }
            | Self::Planned { .. }
            | Self::Feeds { .. }
            | Self::Digests { changed: false, .. } => Mood::Told,
            _ => Mood::Done,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    pub no: IncidentNo,
    pub stage: String,
    pub severity: String,
    pub repo: Untrusted,
    pub branch: Untrusted,
    pub job: Untrusted,
    pub line: Untrusted,
    pub opened_at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRow {
    pub id: String,
    pub repo: Untrusted,
    pub test: Untrusted,
    pub owner: Untrusted,
    /// `3d`.
    pub age: String,
    pub until: String,
    pub reason: Untrusted,
    pub served: bool,
    /// Its pull request is not merged yet.
    #[serde(default)]
    pub pending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedRow {
    pub words: Untrusted,
    pub fixed: bool,
}
