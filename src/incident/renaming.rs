//! A repository has another name: its incidents, and what their plans would still do, follow.

use super::state::Step;
use crate::domain::action::Action;
use crate::domain::ids::Repo;
use crate::domain::journal::Note;

pub fn renamed(step: &mut Step<'_>, from: &Repo, to: &Repo) {
    let incident = &mut step.incident;
    if incident.repo != *from {
        return;
    }
    incident.repo = to.clone();
    let plans = incident.proposals.iter_mut().filter_map(|proposal| proposal.plan.as_mut());
    let offered = incident.offers.iter_mut().filter_map(|offer| offer.plan.as_mut());
    for step in plans.chain(offered).flat_map(|plan| &mut plan.steps) {
        follow(&mut step.action, from, to);
        if let Some(undo) = &mut step.undo {
            follow(undo, from, to);
        }
    }
    step.record(Note::Renamed { from: from.clone(), to: to.clone() });
}

fn follow(action: &mut Action, from: &Repo, to: &Repo) {
    let repo = action.repo_mut();
    if repo == from {
        *repo = to.clone();
    }
}
