//! What cards say of incidents that are about more than a run: merge queues, nights, schedules that are silent.

use crate::domain::incident::Incident;
use crate::domain::queue::{Entry, Queue, Standing};
use crate::domain::text::clean_line;

/// Of a branch or a workflow.
const NAME: usize = 60;
/// Pull requests that are named.
const NAMED: usize = 8;

/// Entries that were thrown out, whatever became of them.
fn lost(queue: &Queue) -> Vec<&Entry> {
    let lost = |entry: &&Entry| {
        matches!(entry.standing, Standing::ThrownOut | Standing::Again)
            || entry.reason.is_some_and(|reason| !reason.is_wanted())
    };
    queue.entries.iter().filter(lost).collect()
}

fn listed(entries: &[&Entry], more: u64) -> String {
    let mut all: Vec<String> = entries.iter().take(NAMED).map(|entry| format!("PR {}", entry.pull)).collect();
    let beside = entries.len().saturating_sub(NAMED) as u64 + more;
    if beside > 0 {
        all.push(format!("{beside} more"));
    }
    all.join(", ")
}

/// What stands before the failure in a title; empty where it says nothing special.
pub fn title(incident: &Incident) -> String {
    if let Some(queue) = &incident.queue {
        return match lost(queue).as_slice() {
            [] => String::new(),
            [one] => format!("PR {} thrown out of the merge queue", one.pull),
            many => format!("{} PRs thrown out of the merge queue", many.len() as u64 + queue.more),
        };
    }
    let nights = incident.nights.as_ref().filter(|nights| nights.count() > 1);
    nights.map_or_else(String::new, |nights| format!("{} red for {}", incident.workflow.line(NAME), nights.words()))
}

/// How a merge queue's entries stand, as a sentence without its full stop; empty where none was thrown out.
pub fn queue(incident: &Incident) -> String {
    let Some(queue) = &incident.queue else { return String::new() };
    let onto = queue.onto.line(NAME);
    let lost = lost(queue);
    match lost.as_slice() {
        [] => String::new(),
        [one] => alone(one, &onto),
        many => {
            let mut words = format!("Thrown out of the merge queue of {onto}: {}", listed(many, queue.more));
            if let Some(culprit) = queue.culprit() {
                words.push_str(&format!("; the group of PR {} failed first", culprit.pull));
            }
            let again: Vec<&Entry> = many.iter().filter(|entry| entry.standing == Standing::Again).copied().collect();
            if !again.is_empty() {
                words.push_str(&format!("; queued again: {}", listed(&again, 0)));
            }
            words
        }
    }
}

fn alone(entry: &Entry, onto: &str) -> String {
    let number = entry.pull;
    let reason = entry.reason.map_or_else(String::new, |reason| format!(": {}", reason.words()));
    match entry.standing {
        Standing::Again => format!("PR {number} is in the merge queue of {onto} again"),
        _ => format!("PR {number} was thrown out of the merge queue of {onto}{reason}"),
    }
}

/// `red for 3 nights`; empty for the first.
pub fn nights(incident: &Incident) -> String {
    let nights = incident.nights.as_ref().filter(|nights| nights.count() > 1);
    nights.map_or_else(String::new, |nights| format!("red for {}", nights.words()))
}

/// What to do about a schedule that is silent.
pub fn advice(incident: &Incident) -> String {
    incident.missed.as_ref().map_or_else(String::new, |missed| clean_line(&missed.silence.advice(), 200))
}
