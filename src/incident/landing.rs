//! Pull requests of the bot's that end: what they change is in force once they are merged, and not before.

use super::expiry;
use super::state::Step;
use crate::domain::action::{Action, MadeKind};
use crate::domain::effect::Effect;
use crate::domain::event::Timer;
use crate::domain::incident::{Incident, Proposal, ProposalState, PullEnd};
use crate::domain::quarantined::Quarantined;
use crate::domain::refs::OwnBranch;
use crate::domain::time::{DAY_MS, Time};

/// The pull request from this branch was merged, or closed without it.
pub fn ended(step: &mut Step<'_>, branch: &str, merged: bool) {
    let ours = |proposal: &&mut Proposal| proposal.ended.is_none() && pushes(proposal, branch);
    let Some(proposal) = step.incident.proposals.iter_mut().find(ours) else { return };
    proposal.ended = Some(if merged { PullEnd::Merged } else { PullEnd::Closed });
    // Who undoes it takes everything back anyway.
    if proposal.state != ProposalState::Done {
        return;
    }
    let actions = if merged { on_merge(proposal, step.now) } else { on_close(proposal) };
    let incident = step.incident.no;
    for action in actions {
        step.effect(Effect::Follow { incident, action: Box::new(action) });
    }
    expiry::watch(step);
}

/// A webhook may be lost: how often to look.
const LOOK_MS: i64 = DAY_MS;

/// Looks again tomorrow, as long as a pull request of ours is open.
pub fn watch(step: &mut Step<'_>) {
    if open(&step.incident).next().is_some() {
        let at = step.now.plus_ms(LOOK_MS);
        step.timer(Timer::Pulls, at);
    }
}

pub fn look(step: &mut Step<'_>) {
    let (incident, repo) = (step.incident.no, step.incident.repo.clone());
    let open: Vec<(u64, OwnBranch)> = open(&step.incident).collect();
    for (number, branch) in open {
        step.effect(Effect::LookAtPull { incident, repo: repo.clone(), number, branch });
    }
    watch(step);
}

/// Our pull requests that are not known to have ended, by number and branch.
fn open(incident: &Incident) -> impl Iterator<Item = (u64, OwnBranch)> {
    let stands = |proposal: &&Proposal| proposal.state == ProposalState::Done && proposal.ended.is_none();
    incident.proposals.iter().filter(stands).flat_map(|proposal| {
        let steps = proposal.plan.iter().flat_map(|plan| &plan.steps);
        let branches = steps.filter_map(|step| match &step.action {
            Action::Pull { branch, .. } => Some(branch.clone()),
            _ => None,
        });
        let pulls = proposal.made.iter().filter(|made| made.what == MadeKind::Pull);
        pulls.map(|made| made.number).zip(branches)
    })
}

fn pushes(proposal: &Proposal, branch: &str) -> bool {
    let mut steps = proposal.plan.iter().flat_map(|plan| &plan.steps);
    steps.any(|step| matches!(&step.action, Action::Branch { branch: ours, .. } if ours.as_str() == branch))
}

/// A quarantine that was pending counts from now on.
fn on_merge(proposal: &Proposal, now: Time) -> Vec<Action> {
    let was_pending = |entry: &Quarantined| {
        let mut steps = proposal.plan.iter().flat_map(|plan| &plan.steps);
        steps.any(|step| matches!(&step.action, Action::Listed { entry: had } if had.pending && had.id == entry.id))
    };
    let follows = |action: &Action| match action {
        Action::Listed { entry } if was_pending(entry) => {
            Action::Listed { entry: Box::new(Quarantined { since: now, ..(**entry).clone() }) }
        }
        other => other.clone(),
    };
    proposal.plan.iter().flat_map(|plan| &plan.on_merge).map(follows).collect()
}

/// What was made for a change that never came: its entry in the ledger, its tracking issue.
fn on_close(proposal: &Proposal) -> Vec<Action> {
    let steps = proposal.plan.iter().flat_map(|plan| &plan.steps);
    let pending = |action: &Action| matches!(action, Action::Listed { entry } if entry.pending);
    let made_for_it = |action: &Action| pending(action) || matches!(action, Action::Issue { .. });
    steps.filter(|step| made_for_it(&step.action)).filter_map(|step| step.undo.clone()).collect()
}
