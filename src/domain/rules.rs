//! The policy's numbers. Defaults are those of `rules/policy.toml`; the operator's configuration overrides them.

use super::actor::Role;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    pub keep_days: u32,
    /// Remedies whose pull requests the bot merges itself once they are green: only such as can be taken back exactly.
    pub auto_merge: Vec<String>,
    /// Resolvers that pins may run on copies of manifests and locks: `cargo`, `go`, `npm`.
    pub resolvers: Vec<String>,
    /// Tests of one framework in one repository that may be quarantined at a time.
    pub quarantine_max: u32,
    pub critical_workflows: Vec<String>,
    /// By role, the repositories that its people may see outside the channels that are subscribed to them; all where
    /// nothing is said.
    pub visible: BTreeMap<Role, Vec<String>>,
}

impl Rules {
    #[must_use]
    pub fn quorum(&self, remedy: &str, changes_code: bool) -> u32 {
        self.approvals.get(remedy).copied().unwrap_or(u32::from(changes_code))
    }
}
