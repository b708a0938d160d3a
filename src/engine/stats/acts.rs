//! What the bot did by itself, and how each act ended.

use crate::domain::figures::Act;
use crate::domain::incident::{Incident, Proposal, ProposalState, PullEnd, Stage};
use crate::domain::intent::Wish;
use crate::domain::time::Time;

/// Nobody asked for it.
pub fn is_automatic(proposal: &Proposal) -> bool {
    proposal.by.key.is_none() && !proposal.dry_run
}

/// The automatic acts of an incident that were begun from `from` on and before `to`.
pub fn of_week(incident: &Incident, from: Time, to: Time) -> Vec<Act> {
    let begun = |p: &&Proposal| {
        let waits = matches!(p.state, ProposalState::Planning | ProposalState::Awaiting | ProposalState::Waiting);
        let refused = matches!(p.state, ProposalState::Refused { .. });
        is_automatic(p) && !waits && !refused && p.created_at >= from && p.created_at < to
    };
    let act = |proposal: &Proposal| Act {
        incident: incident.no,
        repo: incident.repo.to_string(),
        at: proposal.created_at,
        remedy: proposal.remedy.clone(),
        end: ended(incident, proposal).to_owned(),
    };
    incident.proposals.iter().filter(begun).map(act).collect()
}

/// How it ended, as far as is known now.
fn ended(incident: &Incident, proposal: &Proposal) -> &'static str {
    match &proposal.state {
        ProposalState::Done => done(incident, proposal),
        ProposalState::Undone { by: Some(_), .. } => "undone by a person",
        ProposalState::Undone { .. } => "undone after a failed step",
        ProposalState::Failed { .. } => "failed",
        ProposalState::Cancelled { .. } => "cancelled by a person",
        ProposalState::Rejected { .. } => "rejected by a person",
        ProposalState::Expired => "expired",
        _ => "still going",
    }
}

fn done(incident: &Incident, proposal: &Proposal) -> &'static str {
    match (proposal.ended, &proposal.wish) {
        (Some(PullEnd::Merged), _) => "merged",
        (Some(PullEnd::Closed), _) => "closed without a merge",
        (None, Wish::Retry(_)) if incident.passed_again() => "passed",
        (None, Wish::Retry(_)) if incident.stage == Stage::Running => "still going",
        (None, Wish::Retry(_)) => "failed again",
        (None, _) if proposal.made.is_empty() => "done",
        (None, Wish::Issue { .. }) => "opened",
        (None, _) => "waits for its merge",
    }
}
