//! What an event says of a run, and what is remembered of it.

use crate::domain::event::Conclusion;
use crate::domain::facts::RunSeen;
use crate::domain::ids::IncidentNo;
use crate::domain::text::Untrusted;
use crate::domain::time::Time;

/// What an event says of a run.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub attempt: u32,
    pub conclusion: Option<Conclusion>,
    pub incident: Option<IncidentNo>,
    pub head: Option<&'a Untrusted>,
    pub workflow: Option<&'a Untrusted>,
    pub superseded: bool,
}

impl Seen<'_> {
    pub fn new(attempt: u32, conclusion: Option<Conclusion>) -> Self {
        Self { attempt, conclusion, incident: None, head: None, workflow: None, superseded: false }
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
    };
    let Some(known) = known else { return fresh };
    let incident = seen.incident.or(known.incident);
    let head = fresh.head.clone().or_else(|| known.head.clone());
    let workflow = fresh.workflow.clone().or_else(|| known.workflow.clone());
    let green = known.conclusion.is_some_and(Conclusion::is_green);
    if attempt < known.attempt || (attempt == known.attempt && (green || conclusion.is_none())) {
        return RunSeen { head, workflow, incident, ..known };
    }
    let superseded = fresh.superseded || (known.superseded && attempt == known.attempt);
    RunSeen { head, workflow, superseded, incident, ..fresh }
}
