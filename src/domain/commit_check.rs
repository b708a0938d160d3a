//! The verdict check: what stands at the head of a pull request, and what is said of it.

use super::cause::{Cause, Record};
use super::event::Conclusion;
use super::facts::{BaseFailure, JobFacts, RunFacts};
use super::ids::{IncidentNo, RunId};
use super::text::Untrusted;
use serde::{Deserialize, Serialize};

/// The check's name, as branch protection lists it.
pub const NAME: &str = "ci-rescue/verdict";

/// A check run or a status at a commit, as the forge tells of it. Our own are none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSeen {
    pub name: Untrusted,
    /// The run that it is a job of, where it is GitHub Actions'.
    pub run: Option<RunId>,
    pub job: Option<u64>,
    /// `None` while it is queued, waits or runs.
    pub conclusion: Option<Conclusion>,
}

/// Everything that ran at a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtCommit {
    pub checks: Vec<CheckSeen>,
    pub runs: Vec<RunFacts>,
    /// Of the runs in which something failed.
    pub jobs: Vec<JobFacts>,
}

impl AtCommit {
    /// What failed, or ended in a way that is no pass.
    pub fn failed(&self) -> impl Iterator<Item = &CheckSeen> {
        self.checks.iter().filter(|check| check.conclusion.is_some_and(|ended| !ended.is_green()))
    }

    /// Runs that failed although none of their jobs is among the checks: they did not even start.
    pub fn failed_runs(&self) -> impl Iterator<Item = &RunFacts> {
        let told = |run: &&RunFacts| self.failed().any(|check| check.run == Some(run.id));
        let failed = |run: &&RunFacts| run.conclusion.is_some_and(|ended| !ended.is_green());
        self.runs.iter().filter(failed).filter(move |run| !told(run))
    }

    /// How many are not at their end.
    #[must_use]
    pub fn going(&self) -> usize {
        let checks = self.checks.iter().filter(|check| check.conclusion.is_none()).count();
        checks.max(self.runs.iter().filter(|run| run.conclusion.is_none()).count())
    }
}

/// What is known of one failure at the commit.
#[derive(Clone, Debug, PartialEq)]
pub struct FailureKnown {
    pub name: Untrusted,
    pub incident: Option<IncidentNo>,
    pub log: LogKnown,
    /// How many of the job's steps failed; `None` where the forge does not tell.
    pub steps: Option<u32>,
    /// The step that failed may be another than the one whose tests did.
    pub tests_elsewhere: bool,
    /// Each failing test, or the job itself where no test is named, by its own history.
    pub weighed: Vec<Weighed>,
    /// What a person said of it, and who.
    pub said: Option<(String, Cause)>,
    /// The same job fails in the same way on the branch that the pull request is for.
    pub base: Option<BaseFailure>,
}

/// How much of a failing job's log is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogKnown {
    /// No incident knows the failure.
    Unseen,
    /// It has not been read.
    Unread,
    Missing(String),
    /// It was read; of its failing tests so many are not known by name.
    Read {
        unnamed: u64,
    },
}

/// What history says of one failing test or job.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighed {
    pub test: Option<Untrusted>,
    pub cause: Cause,
    /// Of that cause, 0 to 1.
    pub chance: f64,
    pub record: Record,
}

/// What the check run says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckState {
    InProgress,
    Success,
    /// A failure is known to be real.
    Failure,
    /// Something is not known. GitHub lets a *neutral* check pass, so this is what lack of data comes to.
    ActionRequired,
}

impl CheckState {
    /// GitHub's conclusion; `None` while it is in progress.
    #[must_use]
    pub fn conclusion(self) -> Option<&'static str> {
        match self {
            Self::InProgress => None,
            Self::Success => Some("success"),
            Self::Failure => Some("failure"),
            Self::ActionRequired => Some("action_required"),
        }
    }
}

/// One failure's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckLine {
    pub name: Untrusted,
    pub incident: Option<IncidentNo>,
    /// It does not stand in the way.
    pub passes: bool,
    /// For people, with the numbers.
    pub because: Vec<CheckWords>,
}

/// A reason; the test that it is about is a stranger's text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckWords {
    pub test: Option<Untrusted>,
    pub words: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckVerdict {
    pub state: CheckState,
    pub title: String,
    pub lines: Vec<CheckLine>,
}
