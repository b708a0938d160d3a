//! One cause, one card: incidents with the same fingerprint are adopted by the oldest of them, in whatever order their
//! logs are read.
//!
//! Incidents of the default branch adopt each other, and so do all others; a pull request whose failure is on the
//! default branch too says so and keeps its card. The decision follows from the record at the end of each step, so a
//! log that comes late, or a proposal that was under way, only postpones it.

use super::offering;
use super::runs::{self, reopen};
use super::state::Step;
use crate::domain::effect::Order;
use crate::domain::event::Event;
use crate::domain::facts::Same;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::{ADOPTED_KEPT, Incident, JOBS_KEPT, JobState, RUNS_KEPT, RunState};
use crate::domain::journal::Note;

/// What an incident was before the step: an incident that becomes comparable is news to others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Before {
    open: bool,
    confirmed: bool,
    print: Option<String>,
}

pub fn before(incident: &Incident) -> Before {
    Before {
        open: incident.closed_at.is_none(),
        confirmed: incident.confirmed,
        print: incident.fingerprint().map(str::to_owned),
    }
}

/// Compares the incident with the others that have its fingerprint.
pub fn compare(step: &mut Step<'_>, before: &Before) {
    // A hook's word alone neither adopts nor is adopted.
    if step.incident.closed_at.is_some() || !step.incident.confirmed {
        return;
    }
    let Some(print) = step.incident.fingerprint().map(str::to_owned) else { return };
    let Some(same) = step.context.same.get(&print) else { return };
    fails_on_base(step, same);
    // Somebody is acting here: the card must not vanish under their hand. When they are done it is compared again.
    if let Some(older) = same.older.filter(|_| step.incident.busy().is_none()) {
        return hand_over(step, older);
    }
    if !before.open || !before.confirmed || before.print.as_deref() != Some(&print) {
        let others = same.younger.iter().chain(&same.on_other_branches);
        step.orders.extend(others.map(|no| Order::Event(Box::new(Event::Revisit { incident: *no }))));
    }
}

fn fails_on_base(step: &mut Step<'_>, same: &Same) {
    let Some(base) = same.base.clone().filter(|_| !step.incident.on_default_branch()) else { return };
    if step.incident.base.is_none() {
        step.tell(None, Note::BaseFails { incident: base.incident, since: base.since });
    }
    step.incident.base = Some(base);
}

/// The runs go to the older incident, and this one closes. What policy lets the bot do by itself stays with it: it is
/// retried on its own run.
fn hand_over(step: &mut Step<'_>, older: IncidentNo) {
    let incident = &mut step.incident;
    incident.adopted_by = Some(older);
    incident.closed_at = Some(step.now);
    let event = Event::Adopted {
        incident: older,
        younger: incident.no,
        runs: incident.runs.clone(),
        jobs: incident.jobs.clone(),
        pulls: incident.pulls.clone(),
        failures: incident.failures,
        adopted: incident.adopted.clone(),
    };
    step.orders.push(Order::Event(Box::new(event)));
    step.tell(None, Note::AdoptedBy { incident: older });
}

/// What an adopted incident brings with it.
pub struct Brought<'a> {
    pub younger: IncidentNo,
    pub runs: &'a [RunState],
    pub jobs: &'a [JobState],
    pub pulls: &'a [u64],
    pub failures: u64,
    /// Incidents that the younger one had adopted itself.
    pub adopted: &'a [IncidentNo],
}

pub fn adopt(step: &mut Step<'_>, brought: &Brought<'_>) {
    let incident = &mut step.incident;
    let fresh: Vec<u64> = brought.pulls.iter().copied().filter(|pull| !incident.pulls.contains(pull)).collect();
    incident.pulls.extend(fresh);
    let all = brought.adopted.iter().copied().chain([brought.younger]);
    let fresh: Vec<IncidentNo> = all.filter(|no| !incident.adopted.contains(no)).collect();
    incident.adopted.extend(fresh);
    let extra = incident.adopted.len().saturating_sub(ADOPTED_KEPT);
    incident.adopted.drain(..extra);
    for run in brought.runs {
        let known = |have: &RunState| have.run == run.run && have.workflow == run.workflow && have.branch == run.branch;
        if !incident.runs.iter().any(known) {
            incident.runs.push(RunState { from: run.from.or(Some(brought.younger)), ..run.clone() });
        }
    }
    runs::supersede_older(incident);
    let extra = incident.runs.len().saturating_sub(RUNS_KEPT);
    incident.runs.drain(..extra);
    let room = JOBS_KEPT.saturating_sub(incident.jobs.len());
    incident.jobs.extend(brought.jobs.iter().take(room).cloned());
    incident.failures += brought.failures;
    if incident.closed_at.is_some() && !incident.runs.iter().all(RunState::is_settled) {
        reopen(step, "the same failure recurred");
    }
    step.tell(None, Note::Adopted { incident: brought.younger });
    offering::ask(step);
}

/// A run that came with an adopted incident has ended: what may happen to it is decided there.
pub fn pass_on(step: &mut Step<'_>, run: Option<crate::domain::RunId>) {
    let from = step.incident.runs.iter().find(|have| run.is_some() && have.run == run).and_then(|have| have.from);
    if let Some(incident) = from {
        step.orders.push(Order::Event(Box::new(Event::Revisit { incident })));
    }
}

/// Another incident learned something that concerns this one.
pub fn revisit(step: &mut Step<'_>) {
    if step.incident.adopted_by.is_some() {
        offering::ask(step);
    }
}
