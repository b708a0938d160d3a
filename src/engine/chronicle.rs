//! What operators read in the log of an incident: its opening, its proposals, what was done, its end; a line each.

use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::text::{Untrusted, clean_line};
use crate::ports::Turn;

/// Longer words of strangers are cut, in characters.
const WORDS_MAX: usize = 160;
const SHA: usize = 7;

/// One line, written once the turn is on disk.
pub struct Happened {
    incident: u64,
    repo: String,
    sha: String,
    what: String,
}

impl Happened {
    pub fn log(&self) {
        let Self { incident, repo, sha, what } = self;
        tracing::info!(incident, %repo, %sha, "{what}");
    }
}

/// What a turn makes happen, in order.
pub fn of(turn: &Turn) -> Vec<Happened> {
    let incident = |no| turn.incidents.iter().find(|incident| incident.no == no);
    let told = turn.journal.iter().filter_map(|(no, entry)| {
        let incident = incident(*no)?;
        Some(happened(incident, what(&entry.note)?))
    });
    told.collect()
}

fn happened(incident: &Incident, what: String) -> Happened {
    Happened {
        incident: incident.no.0,
        repo: incident.repo.to_string(),
        sha: clean_line(&incident.sha, SHA + 1).chars().take(SHA).collect(),
        what,
    }
}

fn what(note: &Note) -> Option<String> {
    let words = |text: &Untrusted| text.line(WORDS_MAX);
    Some(match note {
        Note::Opened { job, conclusion } => format!("opened: {} ended in {conclusion}", words(job)),
        Note::Requested { by } => format!("opened: requested by {}", words(by)),
        Note::Reopened { because } => format!("reopened: {because}"),
        Note::Proposed { proposal, remedy, summary, by } => {
            format!("proposed {remedy} ({proposal}) by {}: {}", words(by), words(summary))
        }
        Note::Done { proposal, summary } => format!("done {proposal}: {}", words(summary)),
        Note::Made { proposal, made, summary, .. } => {
            format!("done {proposal}: {} ({})", words(summary), crate::domain::text::listing(made, 5))
        }
        Note::Merged { proposal } => format!("merged {proposal}"),
        Note::Undone { proposal, why, .. } => format!("undid {proposal}: {}", clean_line(why, WORDS_MAX)),
        Note::Failed { proposal, why, .. } => format!("failed {proposal}: {}", clean_line(why, WORDS_MAX)),
        Note::AdoptedBy { incident } => format!("closed: same failure as {incident}"),
        Note::PullEnded { number, .. } => format!("closed: PR {number} ended"),
        Note::Escalated { because, .. } => format!("escalated: {}", clean_line(because, WORDS_MAX)),
        Note::Resolved { because } => format!("resolved: {because}"),
        _ => return None,
    })
}
