//! Red scheduled runs: one incident for a workflow and branch, however many nights it is red.

use super::state::Step;
use crate::domain::effect::{Effect, Lookup};
use crate::domain::event::{Conclusion, Failure};
use crate::domain::facts::{Facts, Known};
use crate::domain::incident::{Incident, RunState};
use crate::domain::journal::Note;
use crate::domain::schedule::Nights;

/// Whether the failure is of the newest night, so that the card is about it. An older one is only counted.
pub fn meets(step: &mut Step<'_>, failure: &Failure) -> bool {
    let (Some(run), Some(nights)) = (failure.run, &mut step.incident.nights) else { return true };
    let before = nights.newest();
    let news = nights.red(run);
    let now = nights.newest();
    if now != Some(run) {
        let why = if news { "an older red run; it is counted" } else { "a red run that a newer one stands for" };
        step.record(Note::Ignored { why: why.into() });
        return false;
    }
    if news && !step.incident.runs.is_empty() {
        begin(step, failure, before.is_some());
    }
    if news {
        ask(step);
    }
    true
}

/// Another night: the card shows what fails now.
fn begin(step: &mut Step<'_>, failure: &Failure, again: bool) {
    let incident = &mut step.incident;
    incident.jobs.clear();
    incident.evidence.clear();
    incident.log_missing = None;
    incident.reported = None;
    incident.offers.clear();
    (incident.failures, incident.storm) = (0, false);
    (incident.suspicion, incident.judged, incident.blamed) = (None, None, None);
    (incident.owners, incident.authors, incident.owners_asked) = (None, None, false);
    incident.sha.clone_from(&failure.sha);
    incident.commit_message.clone_from(&failure.commit_message);
    // A red run in the middle of a row is told; the first after a green one reopens, which is told as such.
    if again && incident.closed_at.is_none() {
        let words = incident.nights.as_ref().map_or_else(String::new, Nights::words);
        step.tell(None, Note::RedNight { sha: failure.sha.clone(), words });
    }
}

/// Runs in their order: what is heard late does not come last.
pub fn sort(incident: &mut Incident) {
    if incident.nights.is_some() {
        incident.runs.sort_by_key(|run| run.run);
    }
}

/// How often it runs, and whether it was red before anybody listened.
fn ask(step: &mut Step<'_>) {
    let incident = &step.incident;
    let (repo, workflow, branch) = (incident.repo.clone(), incident.workflow.clone(), incident.branch.clone());
    let lookups = vec![Lookup::Schedule { repo, workflow, branch }];
    let incident = incident.no;
    step.effect(Effect::Gather { incident, proposal: None, lookups });
}

/// Facts about the schedule alone say nothing about what can be done.
pub fn told(facts: &Facts) -> bool {
    facts.schedule.is_some() && facts.run.is_none()
}

pub fn learn(step: &mut Step<'_>, facts: &Facts) {
    let Some(Known::Is(found)) = &facts.schedule else { return };
    let closed = step.incident.closed_at.is_some();
    let Some(nights) = &mut step.incident.nights else { return };
    nights.nightly = found.nightly.or(nights.nightly);
    let newest = nights.newest();
    // The newest is told by its own event; one that a green run followed is over.
    for red in found.reds.iter().filter(|red| !closed && Some(**red) < newest) {
        nights.red(*red);
    }
}

/// Runs of its own that passed end the row before them.
pub fn settle(incident: &mut Incident) {
    let green = |run: &&RunState| run.conclusion.is_some_and(Conclusion::is_green);
    let passed: Vec<_> = incident.runs.iter().filter(green).filter_map(|run| run.run).collect();
    if let Some(nights) = &mut incident.nights {
        for run in passed {
            nights.passed(run);
        }
    }
}
