//! A bisection on its way: which runs it listens to, and what becomes of its end.

use super::proposal::{self, Input, goes_on};
use super::state::Step;
use crate::domain::action::Action;
use crate::domain::event::{Event, Scope};
use crate::domain::ids::RunId;
use crate::domain::incident::{Incident, Proposal};
use crate::domain::journal::Note;
use crate::domain::plan::Found;
use crate::domain::suspect::{CLEARLY, Suspect};

/// The runs that proposals of this kind re-ran last: their ends are waited for.
pub fn probes(incident: &Incident) -> impl Iterator<Item = RunId> {
    let active = incident.proposals.iter().filter(|proposal| proposal.state.is_active() && goes_on(proposal));
    active.filter_map(|proposal| proposal.plan.as_ref()).flat_map(|plan| &plan.steps).filter_map(|step| {
        match step.action {
            Action::Rerun { run, .. } => Some(run),
            _ => None,
        }
    })
}

/// Whether the event tells of a run that is another commit's, re-run for this incident: it is no failure of its own.
pub fn is_of_probe(incident: &Incident, event: &Event) -> bool {
    let own = |run: RunId| incident.runs.iter().any(|have| have.run == Some(run));
    run(event).is_some_and(|run| !own(run) && probes(incident).any(|probe| probe == run))
}

fn run(event: &Event) -> Option<RunId> {
    match event {
        Event::Failed { failure } => failure.run,
        Event::Progressed { progress } => progress.run,
        _ => None,
    }
}

/// A run that was re-run for it has ended: plans again.
pub fn hear(step: &mut Step<'_>, event: &Event) {
    let ended = match event {
        Event::Failed { failure } => failure.scope == Scope::Run,
        Event::Progressed { progress } => progress.scope == Scope::Run && progress.conclusion.is_some(),
        _ => false,
    };
    if ended && run(event).is_some_and(|run| probes(&step.incident).any(|probe| probe == run)) {
        proposal::plan_waiting(step);
    }
}

/// It has come to its end: the culprit is the one suspect, or no commit is.
pub fn found(step: &mut Step<'_>, proposal: &Proposal, found: &Found) {
    let n = proposal.id.n;
    let note = Note::Bisected {
        proposal: proposal.id,
        summary: found.summary.as_str().into(),
        because: found.because.clone(),
    };
    if proposal.dry_run {
        return proposal::show(step, n, note);
    }
    settle(&mut step.incident, found.culprit.as_ref(), found.clears);
    step.tell(proposal.by.key.clone(), note);
    proposal::advance(step, n, &Input::Found);
}

/// The culprit is the one suspect; where there is none, and that is sure, no commit is.
pub fn settle(incident: &mut Incident, culprit: Option<&Suspect>, clears: bool) {
    let Some(suspicion) = &mut incident.suspicion else { return };
    if let Some(culprit) = culprit {
        let best = suspicion.suspects.iter().map(|suspect| suspect.score).max().unwrap_or(0);
        suspicion.suspects.retain(|suspect| suspect.sha != culprit.sha);
        suspicion.suspects.insert(0, Suspect { score: best + CLEARLY, ..culprit.clone() });
    } else if clears {
        suspicion.suspects.clear();
    }
}
