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
    if rules.two_person && is_proposer(proposal, key, by.github.as_deref()) {
        return Err("you proposed it, so someone else must approve it".into());
    }
    let twice = proposal.approvals.iter().any(|a| {
        is_same((&a.key, a.github.as_deref()), (key, by.github.as_deref()))
            && Some(&a.digest) == proposal.plan.as_ref().map(|p| &p.digest)
    });
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
            && !(rules.two_person && is_proposer(proposal, &a.key, a.github.as_deref()))
    };
    let mut people: Vec<(&str, Option<&str>)> = Vec::new();
    for approval in proposal.approvals.iter().filter(counts) {
        let one = (approval.key.as_str(), approval.github.as_deref());
        if people.iter().all(|other| !is_same(*other, one)) {
            people.push(one);
        }
    }
    people.len() >= proposal.quorum as usize
}

/// Accounts with one key or one login at the forge are one person's.
fn is_same((key, login): (&str, Option<&str>), (other, others): (&str, Option<&str>)) -> bool {
    key == other || login.zip(others).is_some_and(|(login, other)| login.eq_ignore_ascii_case(other))
}

fn is_proposer(proposal: &Proposal, key: &str, login: Option<&str>) -> bool {
    let by = &proposal.by;
    by.key.as_deref().is_some_and(|own| is_same((own, by.github.as_deref()), (key, login)))
}
