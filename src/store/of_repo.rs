//! Incidents by repository, so that a page of one repository's is found however many others there are.
//!
//! An incident stands under the name that its repository has now: a rename moves it.

use super::audit::sweep;
use super::backend::{Backend, Batch};
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
