//! Which content files the records name: log excerpts, diffs, scripts.

use super::keys;
use super::rows::InboxRow;
use crate::domain::ids::Digest;
use crate::domain::incident::Incident;
use std::collections::HashSet;

const NAME_LEN: usize = 64;

/// A content file's name is its digest, so a name from outside reaches no other path.
pub fn is_name(text: &str) -> bool {
    text.len() == NAME_LEN && Digest::from_hex(text).is_some()
}

/// Tables whose records may name files.
pub const TABLES: [u8; 5] = [keys::INCIDENT, keys::INBOX, keys::OUTBOX, keys::JOURNAL, keys::SETTING];

/// Whatever looks like the name of a file, in whatever field: a file too many is kept rather than one too few.
pub fn mentioned(table: u8, value: &[u8], names: &mut HashSet<String>) {
    if table == keys::INBOX {
        if let Ok(delivery) = InboxRow::read(value) {
            hex_runs(delivery.body.as_bytes(), names);
        }
        return;
    }
    hex_runs(value, names);
}

fn hex_runs(bytes: &[u8], names: &mut HashSet<String>) {
    let runs = bytes.split(|byte| !byte.is_ascii_alphanumeric());
    let texts = runs.filter(|run| run.len() == NAME_LEN).filter_map(|run| std::str::from_utf8(run).ok());
    names.extend(texts.filter(|text| is_name(text)).map(str::to_owned));
}

/// The files that an incident shows.
pub fn shown(incident: &Incident) -> impl Iterator<Item = &Digest> {
    let excerpts = incident.evidence.iter().filter_map(|evidence| evidence.excerpt.as_ref());
    let plans = incident.proposals.iter().filter_map(|proposal| proposal.plan.as_ref());
    let diffs = plans.flat_map(|plan| &plan.previews).filter_map(|(_, preview)| preview.diff.as_ref());
    excerpts.chain(&incident.repro).chain(diffs)
}

/// Whether a file holds what its name says.
pub fn is_whole(name: &str, bytes: &[u8]) -> bool {
    Digest::of([bytes]).as_str() == name
}
