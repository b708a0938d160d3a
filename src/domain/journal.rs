//! What happened, for the audit and for the thread: facts in variants, words in `templates/notes.jinja`.

use super::actor::Platform;
use super::analysis::Hypothesis;
use super::barrier::Closed;
use super::event::QueueEnd;
use super::ids::{IncidentNo, ProposalId, Repo};
use super::mention::{Road, Whose};
use super::subscription::ChannelChange;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

pub use super::mood::Mood;
pub use super::rows::{FeedRow, ListRow, QuarantinedRow};

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
    /// A job failed, and nothing open had that cause.
    Opened {
        job: Untrusted,
        conclusion: String,
    },
    /// A person asked for something on a pull request.
    Requested {
        by: Untrusted,
    },
    /// Another job failed for the same cause.
    Joined {
        job: Untrusted,
        count: u64,
    },
    /// So many jobs failed that further ones are counted, not listed.
    Storm {
        count: u64,
    },
    /// Something arrived and changed nothing.
    Ignored {
        why: String,
    },
    /// The log was read.
    EvidenceFound {
        line: Untrusted,
        category: String,
    },
    /// The log cannot be read.
    LogMissing {
        why: String,
    },
    /// The base branch of the pull request has the same failure.
    BaseFails {
        incident: IncidentNo,
        since: Time,
    },
    /// It is the same failure as an older incident, which goes on for both.
    AdoptedBy {
        incident: IncidentNo,
    },
    /// Another incident is the same failure and was merged into this one.
    Adopted {
        incident: IncidentNo,
    },
    /// Somebody asked for a remedy, or the bot did.
    Proposed {
        proposal: ProposalId,
        remedy: String,
        summary: Untrusted,
        by: Untrusted,
    },
    /// What a remedy would do; nothing is written.
    Planned {
        summary: Untrusted,
        notes: Vec<Untrusted>,
        because: Vec<String>,
        quorum: u32,
    },
    /// The plan waits for people.
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
    /// A person approved a plan, or its undo.
    Approved {
        proposal: ProposalId,
        by: Untrusted,
        have: u32,
        quorum: u32,
        #[serde(default)]
        undo: bool,
    },
    /// The plan is another than was approved: people are asked again.
    PlanChanged {
        proposal: ProposalId,
        summary: Untrusted,
    },
    /// The remedy waits for the run to end.
    WaitingForRun {
        proposal: ProposalId,
    },
    /// An agent's attempt came to its end: proposed, refused, escalated, failed, interrupted.
    Attempted {
        proposal: ProposalId,
        n: u32,
        came: String,
        why: Vec<String>,
        cost: String,
        took_s: i64,
    },
    /// A bisection has come to its end.
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
    /// The first action of the plan begins.
    Started {
        proposal: ProposalId,
        summary: Untrusted,
    },
    /// The plan was carried out.
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
    /// What a plan did was undone.
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
    /// An action of the plan failed.
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
    /// The analyst has no guess.
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
    /// A run in a container is queued, or a search by such runs.
    ReproQueued {
        bisect: bool,
    },
    /// The reproduction begins to run in a container of this image.
    ReproStarted {
        at: Untrusted,
        image: Untrusted,
    },
    /// What a run in a container came to: red, green, unknown, stopped.
    ReproRan {
        at: Untrusted,
        came: String,
        why: Untrusted,
        tail: Vec<Untrusted>,
        took_s: i64,
    },
    /// A person cancelled a run in a container, or a search by such runs.
    ReproCancelled {
        by: Untrusted,
        bisect: bool,
    },
    /// A search by runs in containers has come to its end.
    ReproBisected {
        summary: Untrusted,
        because: Vec<String>,
    },
    /// A remedy, an undo or a review cannot be done.
    Refused {
        what: String,
        why: Vec<String>,
    },
    /// A person rejected a plan, or its undo.
    Rejected {
        proposal: ProposalId,
        by: Untrusted,
        reason: Option<Untrusted>,
        /// Its undo, not the proposal.
        #[serde(default)]
        undo: bool,
    },
    /// A person cancelled a plan, or its undo.
    Cancelled {
        proposal: ProposalId,
        by: Untrusted,
        #[serde(default)]
        undo: bool,
    },
    /// Nobody approved it in time.
    Expired {
        proposal: ProposalId,
        #[serde(default)]
        undo: bool,
    },
    /// No automatic retry, with the reasons.
    AutoSkipped {
        why: Vec<String>,
    },
    /// An automatic retry is scheduled.
    AutoScheduled {
        at: Time,
        because: Vec<String>,
    },
    /// The re-run failed again.
    AttemptFailed {
        attempt: u32,
    },
    /// A re-run started.
    RunStarted {
        attempt: u32,
    },
    /// It is green, or nothing is left to fix.
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
    /// The branch was deleted: nothing will be built there.
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
    /// It fails again, or a person opened it again.
    Reopened {
        because: String,
    },
    /// A person set the emergency stop.
    HoldSet {
        by: Untrusted,
        reason: Option<Untrusted>,
    },
    /// An admin lifted the emergency stop.
    HoldLifted {
        by: Untrusted,
    },
    /// The emergency stop was set before.
    HoldAlready {
        by: String,
        since: Time,
    },
    /// There is no emergency stop to lift.
    NoHold,
    /// A channel gets a feed.
    Subscribed {
        feed: String,
    },
    /// Feeds of a channel ended.
    Unsubscribed {
        count: u64,
        /// Another channel than the one that it was said in.
        #[serde(default)]
        from: Option<String>,
    },
    /// New cards of a channel pause, or come again.
    Muted {
        until: Option<Time>,
    },
    /// A person changed what a channel gets; kept in the installation's own journal.
    ChannelSet {
        /// `slack:C0BUILDS`.
        channel: String,
        change: ChannelChange,
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
    /// What agents came to was forgotten.
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
    /// A person gave it to somebody.
    Assigned {
        by: Untrusted,
        to: Untrusted,
    },
    /// Mentions and escalation pause.
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
    /// A link between accounts was removed.
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
    /// The role does not suffice.
    Denied {
        what: String,
        need: String,
        have: String,
    },
}
