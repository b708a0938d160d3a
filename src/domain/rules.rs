//! The policy's numbers. Defaults are those of `rules/policy.toml`; the operator's configuration overrides them.

use super::actor::Role;
use super::agent::Loops;
use super::cause::Cause;
use super::evidence::Severity;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// How far the bot may go by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Cards only: no remedy runs, asked for or not.
    Observe,
    /// Remedies run when people ask.
    #[default]
    Suggest,
    /// Strictly reversible remedies may run by themselves.
    Act,
}

impl Mode {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "observe",
            Self::Suggest => "suggest",
            Self::Act => "act",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    pub mode: Mode,
    /// Plans are shown and nothing is written.
    pub dry_run: bool,
    /// Whoever proposed a change is not its only approver.
    pub two_person: bool,
    pub approval_expires_minutes: u32,
    /// Approvals needed, by remedy; remedies that change code need one where nothing is said.
    pub approvals: BTreeMap<String, u32>,
    /// Remedies that may run by themselves in mode `act`.
    pub automatic: Vec<String>,
    /// Automatic retries of one incident and of one fingerprint a day.
    pub retry_max: u32,
    /// More failed jobs than this is an outage, not a flake (pytorch's retry bot uses five).
    pub retry_max_jobs: u32,
    /// First pause before an automatic retry; it doubles, with jitter.
    pub retry_backoff_seconds: u32,
    pub daily_limit: u32,
    /// No automatic act on a branch within this long of another.
    pub branch_cooldown_minutes: u32,
    /// Automatic attempts on one incident.
    pub attempts_max: u32,
    /// No automatic act on a branch within this long of one there that failed.
    pub failed_fix_cooldown_minutes: u32,
    /// So many automatic acts in a row that failed open the breaker: none runs for [`Self::breaker_minutes`].
    pub breaker_failures: u32,
    pub breaker_minutes: u32,
    /// Automatic remedies for failures whose sender is a bot.
    pub bots: bool,
    /// In a commit message: no automatic remedies and no mention.
    pub skip_flag: String,
    /// The same workflow, job and step on one branch within this long is one incident.
    pub collate_seconds: u32,
    /// So many jobs in one incident are a storm.
    pub storm_jobs: u32,
    pub logs_per_run: u32,
    /// A queued job that no runner takes for this long is an incident.
    pub stuck_minutes: u32,
    /// Whoever may approve a deployment is reminded after it waited so long; 0: never.
    pub deployment_reminder_hours: u32,
    pub keep_days: u32,
    /// Remedies whose pull requests the bot merges itself once they are green: only such as can be taken back exactly.
    pub auto_merge: Vec<String>,
    /// Remedies whose plans need no approval where they can be taken back exactly and change nothing sensitive.
    pub auto_approve: Vec<String>,
    /// Globs of the files that a plan may change; empty: all.
    pub allowed_paths: Vec<String>,
    /// Globs of the files that no plan may change.
    pub forbidden_paths: Vec<String>,
    /// Resolvers that pins may run on copies of manifests and locks: `cargo`, `go`, `npm`.
    pub resolvers: Vec<String>,
    /// Tests of one framework in one repository that may be quarantined at a time.
    pub quarantine_max: u32,
    /// How long a quarantine lasts that the bot proposes by itself.
    pub quarantine_days: u32,
    pub critical_workflows: Vec<String>,
    /// A failure whose cause nobody knows after so long is escalated; 0: never.
    pub escalate_unknown_after_hours: u32,
    /// By role, the repositories that its people may see outside the channels that are subscribed to them; all where
    /// nothing is said.
    pub visible: BTreeMap<Role, Vec<String>>,
    /// Loops of fixing agents; from sections of their own.
    #[serde(skip)]
    pub loops: Loops,
    /// Code of repositories may be run in containers; from a section of its own.
    #[serde(skip)]
    pub containers: bool,
    /// What differs for some incidents. Of those that match, the first that sets a key decides it; each `deny` counts.
    pub rules: Vec<Rule>,
}

/// What differs where all of `when` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    pub when: When,
    pub mode: Option<Mode>,
    /// Not at all, and why.
    pub deny: Option<String>,
    pub approvals: Option<u32>,
    pub auto_approve: Option<bool>,
}

/// Predicates over facts; those that are absent hold. In texts, `*` stands for any run of characters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct When {
    pub repository: Option<String>,
    pub workflow: Option<String>,
    /// The branch that failed; one of a fork is `OWNER:NAME`, which git allows no branch of ours to be called.
    pub branch: Option<String>,
    pub remedy: Option<String>,
    pub severity: Option<Severity>,
    pub cause: Option<Cause>,
    pub author_is_bot: Option<bool>,
    pub fork: Option<bool>,
    /// The bot wants it, rather than a person.
    pub automatic: Option<bool>,
}

/// What a repository says of itself, in its own file: each key tightens, and one that is absent says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OwnRules {
    pub mode: Option<Mode>,
    pub dry_run: Option<bool>,
    pub approvals: BTreeMap<String, u32>,
    pub automatic: Option<Vec<String>>,
    pub auto_merge: Option<Vec<String>>,
    pub auto_approve: Option<Vec<String>>,
    pub allowed_paths: Vec<String>,
    pub forbidden_paths: Vec<String>,
    pub attempts_max: Option<u32>,
    pub rules: Vec<Rule>,
}

impl Rules {
    /// Whether the bot acts by itself anywhere.
    #[must_use]
    pub fn may_act(&self) -> bool {
        self.mode == Mode::Act || self.rules.iter().any(|rule| rule.mode == Some(Mode::Act))
    }

    #[must_use]
    pub fn quorum(&self, remedy: &str, changes_code: bool) -> u32 {
        self.approvals.get(remedy).copied().unwrap_or(u32::from(changes_code))
    }
}
