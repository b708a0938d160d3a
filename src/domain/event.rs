//! Everything that happens, in the past tense.

use super::access::{Asked, Readable};
use super::action::Outcome;
use super::actor::{Actor, Place, Platform, Principal};
use super::analysis::Analysis;
use super::deployment::ReviewOutcome;
use super::evidence::{Evidence, Reported};
use super::facts::Facts;
use super::ids::{Digest, IncidentNo, Repo, RunId};
use super::incident::{JobState, RunState};
use super::intent::Intent;
use super::link::{Account, Linking};
use super::queue::ThrownOut;
use super::repro::ReproRun;
use super::schedule::Missed;
use super::summary::Every;
use super::suspect::SuspectFacts;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// How a run, a job or a check ended. Names are GitHub's, plus `stuck` for a job that no runner took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    Success,
    Failure,
    Cancelled,
    TimedOut,
    StartupFailure,
    ActionRequired,
    Neutral,
    Skipped,
    Stale,
    Stuck,
    #[serde(other)]
    Other,
}

impl Conclusion {
    #[must_use]
    pub fn is_failure(self) -> bool {
        matches!(self, Self::Failure | Self::Cancelled | Self::TimedOut | Self::StartupFailure | Self::Stuck)
    }

    /// Green for the purpose of resolving: skipped and neutral jobs do not hold a run back.
    #[must_use]
    pub fn is_green(self) -> bool {
        matches!(self, Self::Success | Self::Neutral | Self::Skipped)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed_out",
            Self::StartupFailure => "startup_failure",
            Self::ActionRequired => "action_required",
            Self::Neutral => "neutral",
            Self::Skipped => "skipped",
            Self::Stale => "stale",
            Self::Stuck => "stuck",
            Self::Other => "other",
        }
    }
}

/// What failed: the wider the scope, the less is known of the job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Job,
    Run,
    Check,
    Suite,
    Status,
    /// A security alert rather than a run.
    Alert,
    /// Jobs that no runner takes, by the labels that they ask for.
    Runner,
    /// A run that waits until somebody lets it deploy.
    Deployment,
    /// A pull request that a merge queue threw out, where no run of it is known.
    Queue,
    /// A workflow that did not run at its time.
    Schedule,
    /// Nothing failed: a person asked for something on a pull request.
    Request,
}

/// A failure as some CI told it, in our own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub repo: Repo,
    pub default_branch: String,
    pub scope: Scope,
    pub run: Option<RunId>,
    /// From 1; 0 where the provider counts none.
    pub attempt: u32,
    pub workflow: Untrusted,
    pub job: Option<Untrusted>,
    pub job_id: Option<u64>,
    pub step: Option<Untrusted>,
    /// The head's label: see [`head`](super::head).
    pub branch: Untrusted,
    pub sha: String,
    pub conclusion: Conclusion,
    /// How long the job ran, where that is told.
    #[serde(default)]
    pub duration_ms: Option<u64>,
    /// Kept only where it points at the provider's own host.
    pub url: Option<String>,
    pub pulls: Vec<u64>,
    pub sender: Untrusted,
    pub sender_is_bot: bool,
    /// The head is in another repository than the run.
    pub fork: bool,
    /// The forge has been asked where the head is, and whether a newer push cancelled the run.
    #[serde(default)]
    pub looked: bool,
    /// The clock started the run.
    #[serde(default)]
    pub scheduled: bool,
    pub commit_message: Option<Untrusted>,
    /// What a job that waits asks of its runner.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Untrusted>,
    /// The forge itself said so. A generic hook's word has to be confirmed before anything is written.
    pub confirmed: bool,
}

/// A run or a part of it, seen in any state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    pub repo: Repo,
    pub scope: Scope,
    pub run: Option<RunId>,
    pub attempt: u32,
    pub workflow: Untrusted,
    pub job: Option<Untrusted>,
    pub job_id: Option<u64>,
    /// The head's label: see [`head`](super::head).
    pub branch: Untrusted,
    pub sha: String,
    /// The clock started the run.
    #[serde(default)]
    pub scheduled: bool,
    /// `None` while queued or in progress.
    pub conclusion: Option<Conclusion>,
    /// How long the job ran, where that is told.
    #[serde(default)]
    pub duration_ms: Option<u64>,
}

/// A person asks for something, by words or by a button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The delivery that carried it: names the answer, so that it is given once.
    pub id: String,
    pub by: Principal,
    pub place: Place,
    pub actor_id: String,
    pub intent: Intent,
    /// What the button's card showed; a request by words has none.
    pub seen: Option<Digest>,
}

/// Words, a line each, with what the platform told of their author at that moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spoken {
    pub actor: Actor,
    pub place: Place,
    pub text: String,
    pub may_write: bool,
    pub at: Time,
}

/// A wake-up set earlier. It carries no data; the incident's state decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Timer {
    /// A proposal's time is up.
    Expiry,
    /// An automatic retry's backoff is over.
    Backoff,
    /// A quarantine's time is up.
    Release,
    /// A pull request of ours may be green by now.
    Merge,
    /// It may be time to escalate; first it was for critical workflows alone.
    #[serde(alias = "critical")]
    Escalate,
    /// Somebody may have to be mentioned now.
    Mention,
    /// A snooze is over.
    Snooze,
    /// A pull request of ours may have ended unheard.
    Pulls,
    /// A deployment that waits is looked at again, and its reviewers may be reminded.
    Review,
    /// CI may have judged what an agent changed.
    Trial,
    /// A re-run should have shown itself by now: look at the forge.
    Watch,
    /// The authors of what a merge queue threw out are to be told.
    Tell,
    /// What became of a merge queue's entries may not have been heard.
    Queue,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    Failed {
        failure: Failure,
    },
    Progressed {
        progress: Progress,
    },
    HeadMoved {
        repo: Repo,
        branch: Untrusted,
        sha: String,
    },
    /// A newer push cancelled the run: that is no failure.
    Superseded {
        repo: Repo,
        run: RunId,
        attempt: u32,
    },
    Asked {
        request: Request,
    },
    /// A person asks for something on a pull request that no incident is about.
    Requested {
        repo: Repo,
        pull: u64,
        request: Request,
    },
    /// A pull request was merged, or closed without it.
    PullEnded {
        repo: Repo,
        number: u64,
        #[serde(default)]
        merged: bool,
        /// Its head, where that is in the same repository.
        #[serde(default)]
        branch: Untrusted,
    },
    /// A job waits no more for a runner with these labels.
    LeftQueue {
        repo: Repo,
        labels: Vec<Untrusted>,
        job_id: u64,
        /// A runner took it.
        started: bool,
    },
    /// A person closed an issue of ours as not planned.
    IssueDeclined {
        repo: Repo,
        number: u64,
        /// As the issue's hidden marker says: to be compared with what the incident knows.
        incident: IncidentNo,
        by: Untrusted,
    },
    /// A person approved a pull request of ours.
    Reviewed {
        repo: Repo,
        number: u64,
        branch: Untrusted,
        by: Untrusted,
    },
    /// A branch was deleted.
    BranchGone {
        repo: Repo,
        branch: Untrusted,
    },
    /// A pull request that was closed is open again.
    PullReopened {
        repo: Repo,
        number: u64,
    },
    /// An entry of a merge queue came to an end without being thrown out.
    QueueEnded {
        repo: Repo,
        sha: String,
        number: Option<u64>,
        /// What its group was built on.
        #[serde(default)]
        base: Option<String>,
        end: QueueEnd,
    },
    /// The incident's repository has another name.
    Renamed {
        incident: IncidentNo,
        from: Repo,
        to: Repo,
    },
    /// A merge queue threw an entry out.
    Dequeued {
        repo: Repo,
        /// The commit of its group, where that is told.
        sha: String,
        number: Option<u64>,
        #[serde(default)]
        out: Box<ThrownOut>,
    },
    /// A workflow did not run at its time.
    Silent {
        repo: Repo,
        default_branch: String,
        missed: Box<Missed>,
    },
    /// It ran again, or need not run any more.
    Ran {
        repo: Repo,
        path: Untrusted,
        because: String,
    },
    /// The App was installed somewhere, or its repositories changed.
    Installed,
    /// What a person asked, now that the forge has told what they may read.
    Cleared {
        asked: Asked,
        readable: Vec<Readable>,
        at: Time,
    },
    /// On the way to a link between accounts.
    Linking {
        linking: Linking,
    },
    /// A week is over: what the bot did by itself is to be told.
    WeekEnded {
        from: Time,
        to: Time,
    },
    /// A check of somebody's has begun at a commit.
    Began {
        repo: Repo,
        branch: Untrusted,
        sha: String,
    },
    /// A channel's digest is due.
    SummaryDue {
        platform: Platform,
        channel: String,
        every: Every,
    },
    /// What a person said, now that the platform has told whether they may change the repository.
    Spoken {
        spoken: Spoken,
    },
    LogRead {
        incident: IncidentNo,
        run: RunId,
        attempt: u32,
        job_id: u64,
        read: LogRead,
    },
    FactsGathered {
        incident: IncidentNo,
        proposal: Option<u32>,
        facts: Box<Facts>,
    },
    Performed {
        incident: IncidentNo,
        proposal: u32,
        step: usize,
        undo: bool,
        outcome: Outcome,
    },
    /// A script that reproduces the failure, or every reason why there is none.
    Reproduced {
        incident: IncidentNo,
        script: Result<Digest, Vec<String>>,
    },
    /// A reproduction begins to run in a container.
    ReproBegan {
        incident: IncidentNo,
        n: u32,
        sha: String,
        image: String,
    },
    /// A reproduction ran in a container, or could not.
    ReproRan {
        incident: IncidentNo,
        n: u32,
        run: ReproRun,
    },
    /// What the analyst said.
    Analysed {
        incident: IncidentNo,
        analysis: Analysis,
    },
    /// A review of a run's deployments was given somewhere.
    DeploymentMoved {
        repo: Repo,
        run: RunId,
    },
    /// What came of handing in a person's review of a deployment.
    ReviewCame {
        incident: IncidentNo,
        outcome: ReviewOutcome,
    },
    /// What came of looking whether our pull request can be merged.
    MergeLooked {
        incident: IncidentNo,
        proposal: u32,
        outcome: Merging,
    },
    /// What landed between green and red; `Err` where it cannot be told.
    Suspected {
        incident: IncidentNo,
        sha: String,
        facts: Result<Box<SuspectFacts>, String>,
    },
    Fired {
        incident: IncidentNo,
        timer: Timer,
    },
    /// Another incident turned out to be the same failure: its runs come over.
    Adopted {
        incident: IncidentNo,
        younger: IncidentNo,
        runs: Vec<RunState>,
        jobs: Vec<JobState>,
        #[serde(default)]
        pulls: Vec<u64>,
        failures: u64,
        /// Incidents that the younger one had adopted.
        #[serde(default)]
        adopted: Vec<IncidentNo>,
    },
    /// The artifacts of a run hold reports that name failing tests.
    Reported {
        repo: Repo,
        reported: Reported,
    },
    /// What stands at a commit changed: the verdict check is to be looked at.
    CommitDue {
        repo: Repo,
        sha: String,
        /// The head's label.
        head: Untrusted,
    },
    /// Something changed that a person's page shows who looked at it a short while ago.
    HomeDue {
        account: Account,
    },
    /// Another incident learned something that concerns this one: decide again.
    Revisit {
        incident: IncidentNo,
    },
}

impl Event {
    /// The incident that the event names itself; others are routed by the index.
    #[must_use]
    pub fn incident(&self) -> Option<IncidentNo> {
        match self {
            Self::LogRead { incident, .. }
            | Self::FactsGathered { incident, .. }
            | Self::Performed { incident, .. }
            | Self::Reproduced { incident, .. }
            | Self::ReproBegan { incident, .. }
            | Self::ReproRan { incident, .. }
            | Self::Analysed { incident, .. }
            | Self::Suspected { incident, .. }
            | Self::MergeLooked { incident, .. }
            | Self::ReviewCame { incident, .. }
            | Self::Fired { incident, .. }
            | Self::Adopted { incident, .. }
            | Self::Renamed { incident, .. }
            | Self::IssueDeclined { incident, .. }
            | Self::Revisit { incident } => Some(*incident),
            Self::Asked { request } => request.intent.target().and_then(super::intent::Target::incident),
            _ => None,
        }
    }
}

/// How an entry of a merge queue came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QueueEnd {
    Merged,
    /// The queue made it anew on another base.
    Rebuilt,
    /// The pull request is in the queue again, as another entry.
    Again,
}

/// What came of looking whether a pull request of ours can be merged by the bot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Merging {
    Merged,
    /// Perhaps later, and what is missing.
    NotYet(String),
    /// Not by the bot, and why.
    Never(String),
}

/// What came of reading a job's log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogRead {
    Read(Box<Evidence>),
    /// It cannot be had, and why (expired, forbidden, too large).
    Missing(String),
}
