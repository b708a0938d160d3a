//! Loops of fixing agents, as an incident's record has them.

use super::agent::{AttemptEnd, Verdict};
use super::escalation::HELD;
use super::incident::{Incident, Proposal, ProposalState};
use super::intent::Wish;
use super::time::Time;

impl Proposal {
    /// Whether a fixing agent tries, and not for show.
    #[must_use]
    pub fn is_loop(&self) -> bool {
        matches!(self.wish, Wish::Agent { .. }) && !self.dry_run
    }

    /// Whether its agents came to nothing by themselves: no person, limit or other push ended it before.
    #[must_use]
    pub fn agents_failed(&self) -> bool {
        self.attempts.last().is_some_and(|last| match &last.end {
            AttemptEnd::Proposed { .. } => last.ci == Some(Verdict::Failed),
            AttemptEnd::Refused { .. } | AttemptEnd::Escalated { .. } | AttemptEnd::Failed { .. } => true,
            AttemptEnd::Interrupted => false,
        })
    }
}

impl Incident {
    /// The proposal that runs or awaits a decision: one that runs before one that awaits, and the newest of these. One
    /// that waits for a merge blocks nothing.
    #[must_use]
    pub fn busy(&self) -> Option<&Proposal> {
        let goes_on = |p: &&Proposal| p.waits_for.is_none() || p.is_loop();
        let under_way = |p: &&Proposal| p.state.is_active() && !p.dry_run && goes_on(p);
        let rank = |p: &&Proposal| match p.state {
            ProposalState::Running { .. } | ProposalState::Undoing { .. } => 2,
            ProposalState::Awaiting => 1,
            _ => 0,
        };
        self.proposals.iter().filter(under_way).max_by_key(rank)
    }

    /// The newest loop of fixing agents since the incident was opened anew, with why, if its agents could not fix it.
    #[must_use]
    pub fn failed_loop(&self) -> Option<(&Proposal, &str)> {
        let since = self.reopened_at.unwrap_or(Time(0));
        let newest = self.proposals.iter().rev().find(|own| own.is_loop() && !own.attempts.is_empty())?;
        match &newest.state {
            ProposalState::Failed { why } if why != HELD && newest.agents_failed() && newest.created_at >= since => {
                Some((newest, why.as_str()))
            }
            _ => None,
        }
    }
}
