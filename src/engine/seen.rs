//! What is known of runs, as events tell of them.

use crate::domain::event::{Conclusion, Event, Scope};
use crate::domain::facts::RunSeen;
use crate::domain::ids::{IncidentNo, Repo, RunId};
use crate::domain::text::Untrusted;
use crate::domain::time::Time;

/// What an event says of a run.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) attempt: u32,
    pub(super) conclusion: Option<Conclusion>,
    pub(super) incident: Option<IncidentNo>,
    pub(super) head: Option<&'a Untrusted>,
    pub(super) workflow: Option<&'a Untrusted>,
    pub(super) superseded: bool,
    pub(super) scheduled: bool,
}

impl<'a> Seen<'a> {
    pub(super) fn new(attempt: u32, conclusion: Option<Conclusion>) -> Self {
        Self { attempt, conclusion, incident: None, head: None, workflow: None, superseded: false, scheduled: false }
    }

    /// The run that an event tells of, and what it says.
    pub(super) fn of(event: &'a Event) -> Option<(&'a Repo, RunId, Self)> {
        let (repo, run, seen) = match event {
            Event::Progressed { progress } if progress.scope == Scope::Run => {
                let seen = Self {
                    head: Some(&progress.branch),
                    workflow: Some(&progress.workflow),
                    scheduled: progress.scheduled,
                    ..Self::new(progress.attempt, progress.conclusion)
                };
                (&progress.repo, progress.run, seen)
            }
            Event::Failed { failure } if failure.looked && failure.confirmed && failure.run.is_some() => {
                let seen = Self {
                    head: Some(&failure.branch),
                    workflow: Some(&failure.workflow),
                    scheduled: failure.scheduled,
                    ..Self::new(failure.attempt, None)
                };
                (&failure.repo, failure.run, seen)
            }
            Event::Superseded { repo, run, attempt } => {
                let seen = Self::new(*attempt, Some(Conclusion::Cancelled));
                (repo, Some(*run), Self { superseded: true, ..seen })
            }
            _ => return None,
        };
        Some((repo, run?, seen))
    }
}

/// The newest attempt wins; within one attempt, green stays.
pub(super) fn merge(known: Option<RunSeen>, seen: &Seen<'_>, at: Time) -> RunSeen {
    let Seen { attempt, conclusion, .. } = *seen;
    let fresh = RunSeen {
        attempt,
        conclusion,
        at,
        incident: seen.incident,
        head: seen.head.cloned(),
        workflow: seen.workflow.cloned(),
        superseded: seen.superseded,
        scheduled: seen.scheduled,
    };
    let Some(known) = known else { return fresh };
    let incident = seen.incident.or(known.incident);
    let head = fresh.head.clone().or_else(|| known.head.clone());
    let workflow = fresh.workflow.clone().or_else(|| known.workflow.clone());
    let scheduled = seen.scheduled || known.scheduled;
    let green = known.conclusion.is_some_and(Conclusion::is_green);
    if attempt < known.attempt || (attempt == known.attempt && (green || conclusion.is_none())) {
        return RunSeen { head, workflow, scheduled, incident, ..known };
    }
    let superseded = fresh.superseded || (known.superseded && attempt == known.attempt);
    RunSeen { head, workflow, superseded, scheduled, incident, ..fresh }
}
