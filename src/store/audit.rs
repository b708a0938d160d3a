//! Entries of all journals by repository and time, so that the newest are found without reading every journal.
//!
//! An incident's entries stand under the name that its repository had at the first of them: a rename moves nothing.

use super::backend::{Backend, Batch, sweep};
use super::keys;
use super::rows::{decode, encode};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::journal;
use crate::ports::{Spot, StoreError, Turn};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

type Result<T> = std::result::Result<T, StoreError>;

/// The installation's own journal.
const HOUSE: IncidentNo = IncidentNo(0);

/// The name under which an incident's entries stand.
fn place(backend: &dyn Backend, no: IncidentNo, fresh: &[Incident]) -> Result<(String, bool)> {
    if no == HOUSE {
        return Ok((String::new(), true));
    }
    if let Some(bytes) = backend.get(&keys::number(keys::AUDIT_OF, no.0))? {
        return Ok((decode(&bytes)?, true));
    }
    let stored = || -> Result<Option<Incident>> {
        backend.get(&keys::number(keys::INCIDENT, no.0))?.map(|bytes| decode(&bytes)).transpose()
    };
    let repo = match fresh.iter().find(|incident| incident.no == no) {
        Some(incident) => Some(incident.repo.clone()),
        None => stored()?.map(|incident| incident.repo),
    };
    Ok((repo.map(|repo| repo.as_str().to_ascii_lowercase()).unwrap_or_default(), false))
}

/// The same, kept for the incident's next entries.
fn named<'p>(
    backend: &dyn Backend,
    batch: &mut Batch,
    known: Entry<'p, IncidentNo, String>,
    fresh: &[Incident],
) -> Result<&'p str> {
    match known {
        Entry::Occupied(known) => Ok(known.into_mut()),
        Entry::Vacant(free) => {
            let no = *free.key();
            let (repo, kept) = place(backend, no, fresh)?;
            if !kept {
                batch.put(keys::number(keys::AUDIT_OF, no.0), encode(&repo)?);
            }
            Ok(free.insert(repo))
        }
    }
}

/// Adds a turn's entries, in its own transaction.
pub fn stage(backend: &dyn Backend, batch: &mut Batch, turn: &Turn) -> Result<()> {
    let mut places: BTreeMap<IncidentNo, String> = BTreeMap::new();
    for (no, entry) in &turn.journal {
        let repo = named(backend, batch, places.entry(*no), &turn.incidents)?;
        batch.put(keys::audit(repo, entry.at.0, *no, entry.seq), Vec::new());
    }
    Ok(())
}

/// Takes an incident's entries out, with those of its journal that are still there.
pub fn forget(backend: &dyn Backend, batch: &mut Batch, no: IncidentNo) -> Result<()> {
    let (repo, _) = place(backend, no, &[])?;
    for (_, value) in backend.scan(&keys::number(keys::JOURNAL, no.0), &[], usize::MAX)? {
        let entry: journal::Entry = decode(&value)?;
        batch.remove(keys::audit(&repo, entry.at.0, no, entry.seq));
    }
    batch.remove(keys::number(keys::AUDIT_OF, no.0));
    Ok(())
}

/// A store from before the index gets it when it is opened; so does one that an older program wrote to since: there are
/// then more entries than rows of the index, or fewer. After a kill in between, it is done again.
pub fn fill(backend: &dyn Backend) -> Result<()> {
    if !is_behind(backend)? {
        return Ok(());
    }
    sweep(backend, keys::AUDIT, |batch, key, _| {
        let stands = |spot: Spot| -> Result<bool> {
            let entry = backend.get(&keys::journal(spot.incident, spot.entry))?;
            let entry = entry.map(|bytes| decode::<journal::Entry>(&bytes)).transpose()?;
            Ok(entry.is_some_and(|entry| entry.at == spot.at))
        };
        if !keys::read_audit(key).map_or(Ok(false), |(_, spot)| stands(spot))? {
            batch.remove(key.to_vec());
        }
        Ok(())
    })?;
    let mut places: BTreeMap<IncidentNo, String> = BTreeMap::new();
    sweep(backend, keys::JOURNAL, |batch, key, value| {
        let no = IncidentNo(key[1..9].try_into().map_or(0, u64::from_be_bytes));
        let entry: journal::Entry = decode(value)?;
        let repo = named(backend, batch, places.entry(no), &[])?;
        batch.put(keys::audit(repo, entry.at.0, no, entry.seq), Vec::new());
        Ok(())
    })
}

/// Whether the index is not that of the journals.
pub fn is_behind(backend: &dyn Backend) -> Result<bool> {
    Ok(backend.rows(keys::AUDIT)? != backend.rows(keys::JOURNAL)?)
}

/// The names under which entries stand, in order; empty for the installation's own.
pub fn names(backend: &dyn Backend) -> Result<Vec<String>> {
    let (mut names, mut from) = (Vec::new(), vec![keys::AUDIT]);
    while let Some((key, _)) = backend.scan(&[keys::AUDIT], &from, 1)?.pop() {
        let Some((name, _)) = keys::read_audit(&key) else { break };
        // Behind everything of this name.
        from = keys::audit_of(&name);
        from.extend([u8::MAX; 25]);
        names.push(name);
    }
    Ok(names)
}

/// Entries under one name, the newest first: those before `before`.
pub fn newest(
    backend: &dyn Backend,
    name: &str,
    before: Option<Spot>,
    limit: usize,
) -> Result<Vec<(Spot, journal::Entry)>> {
    let prefix = keys::audit_of(name);
    let mut end = match before {
        Some(spot) => keys::audit(name, spot.at.0, spot.incident, spot.entry),
        None => [prefix.as_slice(), &[u8::MAX; 25]].concat(),
    };
    let mut found = Vec::new();
    while found.len() < limit {
        let rows = backend.scan_down(&prefix, &end, limit - found.len())?;
        let Some((last, _)) = rows.last() else { break };
        end.clone_from(last);
        for (key, _) in rows {
            let Some((_, spot)) = keys::read_audit(&key) else { continue };
            // Retention may have taken it meanwhile.
            if let Some(bytes) = backend.get(&keys::journal(spot.incident, spot.entry))? {
                found.push((spot, decode(&bytes)?));
            }
        }
    }
    Ok(found)
}
