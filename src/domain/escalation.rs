//! Why an incident needs more than the bot can do.

use super::action::{Action, Made, MadeKind};
use super::cause::Cause;
use super::incident::{Incident, Proposal, ProposalState};
use super::intent::Wish;
use super::text::Untrusted;
use super::time::{HOUR_MS, Time};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an incident is escalated for; for each of them once, until it closes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Nobody knows the cause, and it has been open for long.
    Unknown,
    /// Too many attempts to mend it failed.
    Attempts,
    /// An automatic action that failed here opened the breaker, or met it open.
    Breaker,
    /// A critical workflow has been failing for long.
    Critical,
    /// It timed out, was retried, and timed out again.
    Timeouts,
    /// Its fixing agents gave up.
    Agents,
    /// No runner with the labels that its jobs wait for is online.
    Runner,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "unknown failure",
            Self::Attempts => "failed attempts",
            Self::Breaker => "breaker",
            Self::Critical => "critical workflow",
            Self::Timeouts => "timeouts",
            Self::Agents => "agents",
            Self::Runner => "runner",
        })
    }
}

/// That it was escalated, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Escalation {
    pub trigger: Trigger,
    pub at: Time,
    /// A clause, on one clean line.
    pub because: String,
}

/// A person closed the bot's issue as not planned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    pub issue: u64,
    pub by: Untrusted,
    pub at: Time,
}

/// Within this long of an escalation, what passes at the same commit needed nobody.
const SOON_MS: i64 = 6 * HOUR_MS;
/// Why a step failed that the emergency stop kept from running.
pub const HELD: &str = "the emergency stop is on";

impl Incident {
    /// Whether it was escalated for this reason since it opened.
    #[must_use]
    pub fn is_escalated_for(&self, trigger: Trigger) -> bool {
        // Before reasons were kept, there was one.
        let old = self.escalations.is_empty() && self.escalated_at.is_some() && trigger == Trigger::Critical;
        old || self.escalations.iter().any(|escalation| escalation.trigger == trigger)
    }

    /// Since when it has been failing without a break.
    #[must_use]
    pub fn red_since(&self) -> Time {
        self.reopened_at.unwrap_or(self.opened_at)
    }

    /// Attempts to mend it that failed, by whomever: a step that failed, a retry that failed again.
    pub fn failed_attempts(&self) -> impl Iterator<Item = &Proposal> {
        let again = |proposal: &Proposal| {
            let steps = proposal.plan.iter().flat_map(|plan| &plan.steps);
            let mut reruns = steps.filter_map(|step| match &step.action {
                Action::Rerun { run, attempt, .. } => Some((*run, *attempt)),
                _ => None,
            });
            reruns.any(|(run, attempt)| {
                self.runs.iter().any(|have| have.run == Some(run) && have.failed_attempt > attempt)
            })
        };
        self.proposals.iter().filter(move |proposal| match &proposal.state {
            ProposalState::Done => again(proposal),
            ProposalState::Failed { why } => why != HELD,
            ProposalState::Undone { by, .. } => by.is_none(),
            _ => false,
        })
    }

    /// The issue that stands for it, which a proposal to open one made.
    #[must_use]
    pub fn issue(&self) -> Option<&Made> {
        let opened = |p: &&Proposal| matches!(p.wish, Wish::Issue { .. }) && p.state == ProposalState::Done;
        let made = self.proposals.iter().rev().filter(opened).flat_map(|proposal| &proposal.made);
        made.into_iter().find(|made| made.what == MadeKind::Issue)
    }

    /// Nothing needed people after all: it passed again at the same commit soon after it was escalated, a person called
    /// it harmless, or closed its issue as not planned.
    #[must_use]
    pub fn is_escalated_wrongly(&self) -> bool {
        let Some(at) = self.escalated_at else { return false };
        let soon = self.closed_at.is_some_and(|closed| closed.ms_since(at) <= SOON_MS);
        let harmless = |cause| matches!(cause, Cause::Flaky | Cause::Transient | Cause::Infra);
        let said = self.judged.as_ref().is_some_and(|judged| judged.by.is_some() && harmless(judged.cause));
        (soon && self.passed_again()) || said || self.declined.is_some()
    }
}
