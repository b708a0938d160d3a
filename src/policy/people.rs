//! Who may approve, and whose approvals count.

use super::gates::NO_ACCOUNT;
use crate::domain::actor::{Principal, Role};
use crate::domain::incident::{Approval, Proposal};
use crate::domain::rules::Rules;
use crate::domain::time::{MINUTE_MS, Time};

/// May this person approve this proposal? The error says why not.
///
/// # Errors
/// A sentence for the person.
pub fn may_approve(rules: &Rules, proposal: &Proposal, by: &Principal) -> Result<(), String> {
    let key = by.key.as_str();
    if by.role < Role::Approver {
        return Err(format!("approving needs the approver role; yours is {}", by.role));
    }
    if changes_code(proposal) && by.github.is_none() {
        return Err(NO_ACCOUNT.into());
    }
    if rules.two_person && proposal.by.key.as_deref() == Some(key) {
        return Err("you proposed it, so someone else must approve it".into());
    }
    let twice =
        proposal.approvals.iter().any(|a| a.key == key && Some(&a.digest) == proposal.plan.as_ref().map(|p| &p.digest));
    if twice {
        return Err("you have already approved it".into());
    }
    Ok(())
}

/// Whether what the proposal did needed write permission.
#[must_use]
pub fn changes_code(proposal: &Proposal) -> bool {
    proposal.plan.as_ref().is_some_and(|plan| !plan.reversible)
}

/// Whether enough different people approved the change as it stands now.
#[must_use]
pub fn quorum_met(rules: &Rules, proposal: &Proposal, now: Time) -> bool {
    let digest = proposal.plan.as_ref().map(|plan| &plan.digest);
    let old = i64::from(rules.approval_expires_minutes) * MINUTE_MS;
    // What covers several attempts is not too old for the later ones.
    let begun = !proposal.attempts.is_empty();
    let counts = |a: &&Approval| {
        (begun || now.ms_since(a.at) <= old)
            && Some(&a.digest) == digest
            && !(rules.two_person && proposal.by.key.as_deref() == Some(a.key.as_str()))
    };
    let mut keys: Vec<&str> = proposal.approvals.iter().filter(counts).map(|a| a.key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys.len() >= proposal.quorum as usize
}
