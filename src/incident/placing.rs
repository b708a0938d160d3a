//! Failures that are on no branch of the repository: what is learned of their head, and the pull request that they belong
//! to.

use super::state::Step;
use crate::domain::effect::{Effect, Lookup};
use crate::domain::facts::{Facts, Known};
use crate::domain::head;
use crate::domain::ids::RunId;
use crate::domain::incident::Incident;
use crate::domain::text::Untrusted;

/// Corrects where the head of a run is, once something tells better.
pub fn correct(incident: &mut Incident, id: RunId, label: &Untrusted) {
    let better = |have: &Untrusted| !head::is_unknown(label) && head::is_branch(have) != head::is_branch(label);
    for run in incident.runs.iter_mut().filter(|run| run.run == Some(id) && better(&run.branch)) {
        run.branch.clone_from(label);
    }
    if better(&incident.branch) && incident.runs.iter().all(|run| run.run == Some(id)) {
        incident.branch.clone_from(label);
    }
}

/// Asks for the pull request, once.
pub fn ask(step: &mut Step<'_>) {
    let incident = &step.incident;
    let elsewhere = !head::is_branch(&incident.branch) && incident.pulls.is_empty() && !incident.sha.is_empty();
    if !elsewhere || incident.pull_asked || !incident.confirmed || incident.closed_at.is_some() {
        return;
    }
    let (repo, head, sha) = (incident.repo.clone(), incident.branch.clone(), incident.sha.clone());
    step.incident.pull_asked = true;
    let incident = step.incident.no;
    step.effect(Effect::Gather { incident, proposal: None, lookups: vec![Lookup::PullOf { repo, head, sha }] });
}

/// Facts that hold nothing but the pull request say nothing about what can be done.
pub fn told(facts: &Facts) -> bool {
    facts.pull_of.is_some() && facts.run.is_none() && facts.jobs.is_none() && facts.commit_message.is_none()
}

pub fn learn(step: &mut Step<'_>, facts: &Facts) {
    let Some(Known::Is(Some(pull))) = &facts.pull_of else { return };
    step.incident.fork |= pull.fork;
    if !step.incident.pulls.contains(&pull.number) {
        step.incident.pulls.push(pull.number);
    }
}
