//! What unquarantine and extend find out about a quarantine that is there.

use super::{PlanContext, ledger};
use crate::domain::action::{Action, MadeKind};
use crate::domain::effect::Lookup;
use crate::domain::facts::Known;
use crate::domain::ids::Digest;
use crate::domain::incident::{Incident, ProposalState};
use crate::domain::plan::{Plan, PlannedAction, Planning};
use crate::domain::quarantined::Quarantined;
use crate::domain::refs::{Branch, OwnBranch};

/// The quarantine to act on: its id, and its ledger entry if there is one.
pub(super) fn which<'f>(
    context: &PlanContext<'f>,
    id: Option<&String>,
) -> Result<(String, Option<&'f Quarantined>), Box<Planning>> {
    let entries = ledger::entries(context)?;
    let Some(id) = id.cloned().or_else(|| ledger::newest(context.incident, entries)) else {
        let why = "this incident has no current quarantine: give the id after `ci-rescue id=` in the source";
        return Err(Box::new(Planning::Refused(vec![why.into()])));
    };
    let entry = entries.iter().find(|entry| entry.id == id);
    Ok((id, entry))
}

/// A change of the ledger alone.
pub(super) fn of_the_list(
    remedy: &str,
    summary: String,
    repo: &str,
    steps: Vec<PlannedAction>,
    what: &[&str],
    why: &str,
) -> Planning {
    let parts = [&[remedy, "list", repo][..], what].concat();
    Planning::Ready(Box::new(Plan {
        remedy: remedy.into(),
        summary: summary.into(),
        notes: Vec::new(),
        because: vec![why.into()],
        digest: Digest::of(parts.iter().map(|part| part.as_bytes())),
        steps,
        reversible: false,
        previews: Vec::new(),
        sensitive: Vec::new(),
        on_merge: Vec::new(),
        waits: false,
    }))
}

/// Whether the branch was looked at, and has no mark of this id.
pub(super) fn is_absent(context: &PlanContext<'_>, onto: &Branch) -> bool {
    matches!(context.facts.changes.get(onto), Some(Known::Is(change)) if change.absent)
}

/// The pull request of a quarantine that this incident made, and its branch.
pub(super) struct Own {
    pub(super) number: u64,
    pub(super) branch: OwnBranch,
}

pub(super) fn made(incident: &Incident, id: &str) -> Option<Own> {
    let proposal = incident.proposals.iter().find(|p| p.id.to_string() == id && p.state == ProposalState::Done)?;
    let number = proposal.made.iter().find(|made| made.what == MadeKind::Pull)?.number;
    let branch = proposal.plan.iter().flat_map(|plan| &plan.steps).find_map(|step| match &step.action {
        Action::Branch { branch, .. } => Some(branch.clone()),
        _ => None,
    })?;
    Some(Own { number, branch })
}

/// Whether our pull request still waits to be merged, once that is known.
pub(super) fn unmerged(context: &PlanContext<'_>, own: &Own) -> Result<bool, Box<Planning>> {
    match context.facts.pulls.iter().find(|(have, _)| *have == own.number) {
        None => {
            let (repo, number) = (context.incident.repo.clone(), own.number);
            Err(Box::new(Planning::Needs(vec![Lookup::Pull { repo, number }])))
        }
        Some((_, Known::Is(pull))) => Ok(!pull.merged && !pull.closed),
        Some((_, Known::Unavailable(why))) => {
            Err(Box::new(Planning::Refused(vec![format!("#{} cannot be read: {why}", own.number)])))
        }
    }
}
