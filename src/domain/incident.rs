//! One failure with everything known and decided about it. Only `incident::step` changes it.

use super::action::Made;
use super::agent::{Attempt, Routed};
use super::analysis::Analysis;
use super::cause::{Cause, Judged};
use super::deployment::Waiting;
use super::escalation::{Declined, Escalation};
use super::event::Scope;
use super::evidence::{Evidence, Reported, Severity};
use super::facts::{BaseFailure, Known};
use super::form::Form;
use super::gathering::Gathering;
use super::ids::{Digest, IncidentNo, ProposalId, Repo};
use super::intent::Wish;
use super::mention::{Blamed, Held};
use super::outage::Outage;
use super::plan::Plan;
use super::queue::Queue;
use super::repro::Reproduction;
use super::rules::OwnRules;
use super::runner::Awaited;
use super::schedule::{Missed, Nights};
use super::sharing::Shared;
use super::suspect::Suspicion;
use super::tending::{Resolved, Snoozed, Taken};
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub use super::executing::{JobState, LogSeen, RunState};

pub use super::stage::Stage;

/// What one click can request, as the card shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    pub remedy: String,
    /// The button's words: `Revert #9`.
    #[serde(default)]
    pub label: String,
    /// What would be done at once; a change of code is planned when it is asked for.
    pub plan: Option<Plan>,
    /// Why it is recommended, or why a person should think twice; the first is the card's.
    pub because: Vec<String>,
    /// The chance that it helps, 0 to 1.
    #[serde(default)]
    pub help: f64,
    /// The one that the card shows as its first button.
    pub recommended: bool,
    /// What a press asks for first.
    #[serde(default)]
    pub form: Option<Form>,
}

/// Where a proposal stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum ProposalState {
    /// Facts are being gathered, at the first planning or again before it runs.
    Planning,
    /// Waits for people.
    Awaiting,
    /// Waits for the run to end.
    Waiting,
    Running {
        step: usize,
    },
    Undoing {
        step: usize,
        why: String,
        /// The person who asked for it; `None` after a failed step.
        #[serde(default)]
        by: Option<String>,
    },
    Done,
    Undone {
        why: String,
        #[serde(default)]
        by: Option<String>,
    },
    /// Stopped half-way and could not be undone, or never started.
    Failed {
        why: String,
    },
    Refused {
        why: Vec<String>,
    },
    Rejected {
        by: String,
    },
    Cancelled {
        by: String,
    },
    Expired,
}

impl ProposalState {
    /// Not finished yet.
    #[must_use]
    pub fn is_active(&self) -> bool {
        matches!(self, Self::Planning | Self::Awaiting | Self::Waiting | Self::Running { .. } | Self::Undoing { .. })
    }

    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Planning => "planning",
            Self::Awaiting => "awaiting",
            Self::Waiting => "waiting",
            Self::Running { .. } => "running",
            Self::Undoing { .. } => "undoing",
            Self::Done => "done",
            Self::Undone { .. } => "undone",
            Self::Failed { .. } => "failed",
            Self::Refused { .. } => "refused",
            Self::Rejected { .. } => "rejected",
            Self::Cancelled { .. } => "cancelled",
            Self::Expired => "expired",
        }
    }

    /// What became of it, to be said after its name.
    #[must_use]
    pub fn clause(&self) -> &'static str {
        match self {
            Self::Planning => "is being planned",
            Self::Awaiting => "is awaiting approval",
            Self::Waiting => "is waiting",
            Self::Running { .. } => "is running",
            Self::Undoing { .. } => "is being undone",
            Self::Done => "is done",
            Self::Undone { .. } => "was undone",
            Self::Failed { .. } => "has failed",
            Self::Refused { .. } => "was refused",
            Self::Rejected { .. } => "was rejected",
            Self::Cancelled { .. } => "was cancelled",
            Self::Expired => "has expired",
        }
    }
}

/// Who wants it. The bot does not count as the second person in the two-person rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposer {
    /// The person's key; `None` when the bot acts by policy.
    pub key: Option<String>,
    pub name: Untrusted,
    pub role: super::actor::Role,
    /// Their account at the forge, where known: changes of code need people with write permission.
    #[serde(default)]
    pub github: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// The person's key: accounts of one person count as one.
    pub key: String,
    pub name: Untrusted,
    #[serde(default)]
    pub github: Option<String>,
    pub at: Time,
    pub digest: Digest,
}

/// Where to answer the proposer privately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    pub place: super::actor::Place,
    pub actor_id: String,
}

/// How a pull request of the bot's ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PullEnd {
    Merged,
    Closed,
}

/// A wish to undo a proposal, which needs what the proposal needed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UndoRequest {
    pub by: Proposer,
    pub at: Time,
    pub approvals: Vec<Approval>,
    pub reply: Option<ReplyTo>,
    /// Once it awaits approvals.
    #[serde(default)]
    pub expires_at: Option<Time>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    pub id: ProposalId,
    pub remedy: String,
    pub wish: Wish,
    pub force: bool,
    pub dry_run: bool,
    pub by: Proposer,
    pub reply: Option<ReplyTo>,
    /// The digest that the button's card showed.
    pub seen: Option<Digest>,
    pub plan: Option<Plan>,
    /// How many approvals it needs, once judged.
    pub quorum: u32,
    pub approvals: Vec<Approval>,
    pub state: ProposalState,
    /// The chance that it helps, in percent, as it was offered; absent where it was not.
    #[serde(default)]
    pub help: Option<u32>,
    /// What it waits for before it can be planned.
    #[serde(default)]
    pub waits_for: Option<String>,
    /// Since when the bot has been waiting to merge its pull request.
    #[serde(default)]
    pub merging: Option<Time>,
    /// How its pull request ended.
    #[serde(default)]
    pub ended: Option<PullEnd>,
    /// Somebody wants it undone, and may still need approvals.
    #[serde(default)]
    pub undo: Option<UndoRequest>,
    /// What an agent's attempts came to, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What its steps made, in order.
    #[serde(default)]
    pub made: Vec<Made>,
    pub created_at: Time,
    pub expires_at: Option<Time>,
    /// What its planning asked for.
    #[serde(default)]
    pub gathering: Gathering,
}

impl Proposal {
    /// Approvals that still bind to what would be done.
    #[must_use]
    pub fn valid_approvals(&self) -> usize {
        let digest = self.plan.as_ref().map(|plan| &plan.digest);
        self.approvals.iter().filter(|approval| Some(&approval.digest) == digest).count()
    }

    /// Waits for people to approve its undo.
    #[must_use]
    pub fn awaits_undo(&self) -> bool {
        self.state == ProposalState::Done && self.undo.as_ref().is_some_and(|undo| undo.expires_at.is_some())
    }

    /// The undo that was asked for, as a proposal. Its digest is its own: what approved the act does not approve this.
    #[must_use]
    pub fn as_undo(&self) -> Option<Self> {
        let (undo, plan) = (self.undo.as_ref()?, self.plan.as_ref()?);
        let asked_at = undo.at.0.to_be_bytes();
        let digest = Digest::of([b"undo".as_slice(), plan.digest.as_str().as_bytes(), &asked_at]);
        Some(Self {
            by: undo.by.clone(),
            approvals: undo.approvals.clone(),
            expires_at: undo.expires_at,
            plan: Some(Plan { digest, ..plan.clone() }),
            state: ProposalState::Awaiting,
            ..self.clone()
        })
    }

    /// What people decide on: the proposal, or its undo.
    #[must_use]
    pub fn awaited(&self) -> Option<Cow<'_, Self>> {
        match self.state {
            ProposalState::Awaiting => Some(Cow::Borrowed(self)),
            _ => self.as_undo().filter(|_| self.awaits_undo()).map(Cow::Owned),
        }
    }

    /// Whether it stands for the undo of itself.
    #[must_use]
    pub fn is_undo(&self) -> bool {
        self.state == ProposalState::Awaiting && self.undo.is_some()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incident {
    pub no: IncidentNo,
    /// Counts commits of this record: compare and set.
    pub version: u64,
    pub repo: Repo,
    pub default_branch: String,
    pub branch: Untrusted,
    pub sha: String,
    pub workflow: Untrusted,
    pub scope: Scope,
    pub pulls: Vec<u64>,
    pub sender: Untrusted,
    pub sender_is_bot: bool,
    pub fork: bool,
    pub confirmed: bool,
    pub commit_message: Option<Untrusted>,
    pub stage: Stage,
    pub severity: Severity,
    pub severity_because: Vec<String>,
    pub opened_at: Time,
    pub updated_at: Time,
    /// When the newest failure arrived: what collation counts from.
    pub failed_at: Time,
    pub closed_at: Option<Time>,
    pub runs: Vec<RunState>,
    /// At most [`JOBS_KEPT`]; `failures` counts all.
    pub jobs: Vec<JobState>,
    pub failures: u64,
    pub storm: bool,
    /// The headline evidence first; at most five.
    pub evidence: Vec<Evidence>,
    pub log_missing: Option<String>,
    /// What test reports of a run said last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reported: Option<Reported>,
    pub base: Option<BaseFailure>,
    pub adopted_by: Option<IncidentNo>,
    pub adopted: Vec<IncidentNo>,
    /// Best first.
    pub offers: Vec<Offer>,
    /// Who looks after it.
    #[serde(default)]
    pub routed: Option<Routed>,
    /// What is thought to have caused it.
    #[serde(default)]
    pub judged: Option<Judged>,
    /// The chance that it passes again, as it was first told: what the verdicts are measured by.
    #[serde(default)]
    pub first_told: Option<f64>,
    /// The same before it was corrected by outcomes: what the correction learns from.
    #[serde(default)]
    pub first_estimated: Option<f64>,
    /// When a cause or a known issue was first named; absent before that, and in records from before it was kept.
    #[serde(default)]
    pub named_at: Option<Time>,
    pub proposals: Vec<Proposal>,
    /// How many proposals there ever were; `proposals` keeps the newest.
    pub proposed: u32,
    /// The plan that an automatic retry is scheduled for.
    pub scheduled: Option<Digest>,
    /// Journal entries so far.
    pub entries: u64,
    /// What its provider reported when it opened.
    #[serde(default)]
    pub outage: Option<Outage>,
    /// What the analyst said, where it was asked.
    #[serde(default)]
    pub analysis: Option<Analysis>,
    /// The fingerprint that it was asked about.
    #[serde(default)]
    pub analysed: Option<String>,
    /// The newest script that reproduces it, as a blob of the store.
    #[serde(default)]
    pub repro: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reproduction: Option<Reproduction>,
    /// The red commit whose suspects were asked for.
    #[serde(default)]
    pub suspecting: Option<String>,
    /// Who may read it by a link.
    #[serde(default)]
    pub shared: Shared,
    /// Suspects.
    #[serde(default)]
    pub suspicion: Option<Suspicion>,
    /// Who owns what failed, once that is known.
    #[serde(default)]
    pub owners: Option<Vec<String>>,
    /// `@LOGIN` of who changed the failing file last, once asked for: where CODEOWNERS names nobody.
    #[serde(default)]
    pub authors: Option<Vec<String>>,
    /// The suspect whose author was asked for.
    #[serde(default)]
    pub blamed: Option<Blamed>,
    /// When it will be looked whether somebody has to be mentioned.
    #[serde(default)]
    pub mention_due: Option<Time>,
    /// Mentions are made once.
    #[serde(default)]
    pub mentioned_at: Option<Time>,
    /// Who was in their quiet hours then.
    #[serde(default, skip_serializing_if = "Held::is_empty")]
    pub mention_held: Held,
    /// What making the offers asked for.
    #[serde(default)]
    pub gathering: Gathering,
    /// The owners were asked for, once.
    #[serde(default)]
    pub owners_asked: bool,
    /// The pull request of a head elsewhere was asked for, once.
    #[serde(default)]
    pub pull_asked: bool,
    /// When it was escalated first since it opened; records of before reasons were kept know this alone.
    #[serde(default)]
    pub escalated_at: Option<Time>,
    /// Why, the oldest first; emptied when it reopens.
    #[serde(default)]
    pub escalations: Vec<Escalation>,
    /// When it will be looked whether it has to be escalated.
    #[serde(default)]
    pub escalate_due: Option<Time>,
    /// The owner is still to be told of its escalation.
    #[serde(default)]
    pub mention_again: bool,
    #[serde(default)]
    pub declined: Option<Declined>,
    #[serde(default)]
    pub reopened_at: Option<Time>,
    /// Who works on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Taken>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed: Option<Snoozed>,
    /// Closed by a person; then it is `gone` as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved: Option<Resolved>,
    /// Whether its branch is protected, once asked for and known.
    #[serde(default)]
    pub protected: Option<Known<bool>>,
    /// The runner that its jobs wait for.
    #[serde(default)]
    pub runner: Option<Awaited>,
    /// The deployment that waits for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deployment: Option<Waiting>,
    /// The merge queue that it is about.
    #[serde(default)]
    pub queue: Option<Queue>,
    /// Red runs of a schedule.
    #[serde(default)]
    pub nights: Option<Nights>,
    /// A schedule of which nothing is heard.
    #[serde(default)]
    pub missed: Option<Missed>,
    /// Closed because its pull request ended, or by a person, not because anything passed.
    #[serde(default)]
    pub gone: bool,
    /// Automatic retries so far.
    pub auto_retries: u32,
    /// Automatic attempts so far, retries among them; records of before they were counted know their retries alone.
    #[serde(default)]
    pub auto_attempts: u32,
    /// What the repository said of itself when it was last asked.
    #[serde(default)]
    pub own_rules: Option<Known<OwnRules>>,
}

/// Jobs kept on the record of one incident; a storm counts the rest.
pub const JOBS_KEPT: usize = 40;
/// Runs kept on the record of one incident.
pub const RUNS_KEPT: usize = 40;
/// Proposals kept on the record; the journal has all.
pub const PROPOSALS_KEPT: usize = 20;
/// Files whose owners are asked for.
const PATHS_KEPT: usize = 10;
/// Adopted incidents named on the record.
pub const ADOPTED_KEPT: usize = 40;

impl Incident {
    #[must_use]
    pub fn headline(&self) -> Option<&Evidence> {
        self.evidence.first()
    }

    #[must_use]
    pub fn fingerprint(&self) -> Option<&str> {
        self.headline().and_then(|evidence| evidence.fingerprint.as_deref())
    }

    /// Whether its one failing test, named in the log, failed and passed at the same commit.
    #[must_use]
    pub fn flaked(&self) -> bool {
        let again = self.runs.iter().any(|run| run.attempt > 1 && !run.superseded && run.failed_attempt < run.attempt);
        let tests = self.evidence.iter().flat_map(|evidence| &evidence.failing_tests).count();
        again && tests == 1
    }

    /// It went green, rather than away.
    #[must_use]
    pub fn is_green(&self) -> bool {
        self.closed_at.is_some() && !self.gone && self.adopted_by.is_none()
    }

    /// It went green at a commit that had failed before: nothing was broken.
    #[must_use]
    pub fn passed_again(&self) -> bool {
        let again = |run: &RunState| run.attempt > 1 && !run.superseded && run.failed_attempt < run.attempt;
        self.is_green() && self.runs.iter().any(again)
    }

    /// A retry of the failing run failed as well.
    #[must_use]
    pub fn failed_again(&self) -> bool {
        self.runs.iter().any(RunState::failed_again)
    }

    /// The same of a run that is not the newest one.
    #[must_use]
    pub fn an_older_failed_again(&self) -> bool {
        let newest = self.runs.iter().filter(|run| !run.superseded).map(|run| run.run).max();
        self.runs.iter().any(|run| run.failed_again() && Some(run.run) != newest)
    }

    /// A cause or a known issue is named.
    #[must_use]
    pub fn is_named(&self) -> bool {
        let judged = self.judged.as_ref().is_some_and(|judged| judged.cause != Cause::Unknown);
        judged || self.headline().is_some_and(|evidence| evidence.advice.is_some())
    }

    /// The plan of a retry, where one is possible.
    #[must_use]
    pub fn retry(&self) -> Option<&Plan> {
        self.offers.iter().find(|offer| offer.remedy == "retry")?.plan.as_ref()
    }

    /// The chance that a retry passes, where one is possible.
    #[must_use]
    pub fn retry_hope(&self) -> Option<f64> {
        self.offers.iter().find(|offer| offer.remedy == "retry").map(|offer| offer.help)
    }

    #[must_use]
    pub fn on_default_branch(&self) -> bool {
        self.branch.raw() == self.default_branch && self.pulls.is_empty() && !self.fork
    }

    #[must_use]
    pub fn proposal(&self, n: u32) -> Option<&Proposal> {
        self.proposals.iter().find(|proposal| proposal.id.n == n)
    }

    /// The proposal to show: one that runs or awaits a decision, else one that waits for something outside.
    #[must_use]
    pub fn active(&self) -> Option<&Proposal> {
        let waiting = || self.proposals.iter().rev().find(|proposal| proposal.state.is_active() && !proposal.dry_run);
        self.busy().or_else(waiting)
    }

    /// As [`Self::active`], and with the undos that await approval.
    #[must_use]
    pub fn shown(&self) -> Option<Cow<'_, Proposal>> {
        let undo = || self.proposals.iter().rev().filter(|p| p.awaits_undo()).find_map(Proposal::awaited);
        self.busy().map(Cow::Borrowed).or_else(undo).or_else(|| self.active().map(Cow::Borrowed))
    }

    /// Whether people have to decide on something.
    #[must_use]
    pub fn awaits_people(&self) -> bool {
        let proposed = |p: &Proposal| p.state == ProposalState::Awaiting && !p.dry_run;
        let deploys = self.closed_at.is_none() && self.deployment.as_ref().is_some_and(Waiting::is_waiting);
        deploys || self.proposals.iter().any(|p| proposed(p) || p.awaits_undo())
    }

    /// Files of the repository that the evidence names: those whose owners are asked for.
    #[must_use]
    pub fn paths(&self) -> Vec<String> {
        let frames = self.evidence.iter().flat_map(|e| &e.frames).map(|frame| &frame.file);
        let tests = self.evidence.iter().flat_map(|e| &e.failing_tests).filter_map(|test| test.file.as_ref());
        let mut paths: Vec<String> = Vec::new();
        for path in frames.chain(tests).map(|path| path.raw().trim_start_matches("./").to_owned()) {
            if !paths.contains(&path) && paths.len() < PATHS_KEPT {
                paths.push(path);
            }
        }
        paths
    }

    #[must_use]
    pub fn first_job(&self) -> Option<&JobState> {
        self.jobs.first()
    }

    /// The run to look at: the newest that still fails, one that can be re-run before one that cannot; else the newest.
    /// Runs of other branches or workflows, which adopted incidents brought, come last.
    #[must_use]
    pub fn lead_run(&self) -> Option<&RunState> {
        let open = |run: &&RunState| !run.is_settled();
        let ours = |run: &&RunState| {
            let lane = |own: &RunState| own.from.is_none() && own.workflow == run.workflow && own.branch == run.branch;
            run.from.is_none() || self.runs.iter().any(lane)
        };
        let newest = || self.runs.iter().rev();
        newest()
            .find(|run| run.run.is_some() && open(run) && ours(run))
            .or_else(|| newest().find(|run| run.run.is_some() && open(run)))
            .or_else(|| newest().find(open))
            .or_else(|| self.runs.last())
    }

    /// Nothing is left to decide: closed, and not merely shown on the card of the incident that adopted it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.closed_at.is_some() && self.adopted_by.is_none()
    }
}
