//! Workflows of which nothing is heard at their time: one incident each, until they run again.

use super::proposal;
use super::state::Step;
use crate::domain::event::{Event, Progress, Scope};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::schedule::Missed;
use crate::domain::time::Time;

/// A record before anything is known of it: it is about no commit.
pub fn blank(no: IncidentNo, event: &Event, now: Time) -> Option<Incident> {
    let Event::Silent { repo, default_branch, .. } = event else { return None };
    let mut incident = super::failing::request(no, repo, 0, now);
    incident.scope = Scope::Schedule;
    incident.pulls = Vec::new();
    incident.default_branch.clone_from(default_branch);
    incident.branch = default_branch.as_str().into();
    Some(incident)
}

/// It did not run, or once more.
pub fn heard(step: &mut Step<'_>, missed: &Missed) {
    let known = step.incident.missed.as_ref();
    if known.is_some_and(|known| known.silence == missed.silence) {
        return step.record(Note::Ignored { why: "this is known".into() });
    }
    let times = known.map_or(0, |known| known.times) + 1;
    let words = missed.silence.words(&missed.file());
    step.incident.workflow = words.as_str().into();
    step.incident.missed = Some(Missed { times, ..missed.clone() });
    step.incident.failed_at = step.now;
    let note = Note::Missed { words, advice: missed.silence.advice() };
    if times == 1 { step.record(note) } else { step.tell(None, note) }
}

/// It ran again, or need not.
pub fn over(step: &mut Step<'_>, because: &str) {
    if step.incident.closed_at.is_some() {
        return;
    }
    step.incident.closed_at = Some(step.now);
    step.incident.offers.clear();
    proposal::close(step, because);
    step.tell(None, Note::Resolved { because: because.to_owned() });
}

/// A run that the clock started, however it ends.
pub fn progressed(step: &mut Step<'_>, progress: &Progress) {
    if progress.scheduled {
        over(step, "it ran on schedule again");
    }
}
