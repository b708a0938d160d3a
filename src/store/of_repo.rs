//! Incidents by repository, so that a page of one repository's is found however many others there are.
//!
//! An incident stands under the name that its repository has now: a rename moves it.

use super::backend::{Backend, Batch, sweep};
use super::keys;
use super::rows::decode;
use crate::domain::ids::IncidentNo;
use crate::ports::StoreError;
use serde::Deserialize;

type Result<T> = std::result::Result<T, StoreError>;

/// The repository alone, without the rest of an incident.
#[derive(Deserialize)]
struct Of {
    repo: String,
}

/// Puts an incident under its repository; `was` is the one under which it stands.
pub fn stage(batch: &mut Batch, no: IncidentNo, was: Option<&str>, repo: &str) {
    let key = keys::incident_of(repo, no);
    if let Some(old) = was.map(|was| keys::incident_of(was, no)).filter(|old| *old != key) {
        batch.remove(old);
    }
    batch.put(key, Vec::new());
}

/// A store from before the index gets it when it is opened; so does one to which an older program wrote since: there are
/// then more incidents than rows of the index, or fewer. After a kill in between, it is done again.
///
/// # Errors
/// The store failed.
pub fn fill(backend: &dyn Backend) -> Result<()> {
    if !is_behind(backend)? {
        return Ok(());
    }
    sweep(backend, keys::OF_REPO, |batch, key, _| {
        let no = IncidentNo(keys::last_number(key));
        let stored = backend.get(&keys::number(keys::INCIDENT, no.0))?;
        let of = stored.map(|bytes| decode::<Of>(&bytes)).transpose()?;
        if of.is_none_or(|of| keys::incident_of(&of.repo, no) != *key) {
            batch.remove(key.to_vec());
        }
        Ok(())
    })?;
    sweep(backend, keys::INCIDENT, |batch, key, value| {
        stage(batch, IncidentNo(keys::last_number(key)), None, &decode::<Of>(value)?.repo);
        Ok(())
    })
}

/// Whether the index is not that of the incidents.
///
/// # Errors
/// The store failed.
pub fn is_behind(backend: &dyn Backend) -> Result<bool> {
    Ok(backend.rows(keys::OF_REPO)? != backend.rows(keys::INCIDENT)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;

    /// An older program added one incident, removed another and renamed a third's repository.
    #[test]
    fn what_an_older_program_left_is_brought_into_order() {
        let memory = Memory::default();
        let mut batch = Batch::default();
        for (no, repo) in [(1, "Acme/Shop"), (2, "acme/new"), (4, "a/b"), (5, "a/b")] {
            batch.put(keys::number(keys::INCIDENT, no), format!("{{\"repo\":\"{repo}\"}}").into_bytes());
        }
        for (no, repo) in [(1, "acme/shop"), (2, "acme/old"), (3, "a/b")] {
            stage(&mut batch, IncidentNo(no), None, repo);
        }
        memory.apply(&batch).unwrap();
        assert!(is_behind(&memory).unwrap());
        fill(&memory).unwrap();
        let rows = memory.scan(&[keys::OF_REPO], &[], usize::MAX).unwrap();
        let mut want: Vec<Vec<u8>> = [(1, "acme/shop"), (2, "acme/new"), (4, "a/b"), (5, "a/b")]
            .map(|(no, repo)| keys::incident_of(repo, IncidentNo(no)))
            .into();
        want.sort();
        assert_eq!(rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), want);
        assert!(!is_behind(&memory).unwrap());
    }
}
