//! Incidents as they were decoded last: a burst looks at each many times between two changes.

use super::rows::decode;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::ports::StoreError;
use quick_cache::sync::{Cache, DefaultLifecycle};
use quick_cache::{DefaultHashBuilder, Weighter};
use std::sync::Arc;

/// Incidents that are expected to be kept; one has some 8 KB.
const EXPECTED: usize = 1_024;
/// Of records, in bytes; what they decode to takes as much again, or somewhat more.
const BYTES_MAX: u64 = 8 << 20;

/// A record and what it says.
type Kept = Arc<(Vec<u8>, Incident)>;

#[derive(Clone)]
struct ByRecord;

impl Weighter<IncidentNo, Kept> for ByRecord {
    fn weight(&self, _: &IncidentNo, kept: &Kept) -> u64 {
        kept.0.len() as u64
    }
}

/// Spares decoding, never reading: what is remembered counts only for the very bytes that the store has now, whoever
/// wrote them.
pub struct Recent(Cache<IncidentNo, Kept, ByRecord>);

impl Default for Recent {
    fn default() -> Self {
        let (hash, cycle) = (DefaultHashBuilder::default(), DefaultLifecycle::default());
        Self(Cache::with(EXPECTED, BYTES_MAX, ByRecord, hash, cycle))
    }
}

impl Recent {
    /// What this record of this incident says.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn read(&self, no: IncidentNo, record: Vec<u8>) -> Result<Incident, StoreError> {
        if let Some(kept) = self.0.get(&no).filter(|kept| kept.0 == record) {
            return Ok(kept.1.clone());
        }
        let incident: Incident = decode(&record)?;
        self.0.insert(no, Arc::new((record, incident.clone())));
        Ok(incident)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::rows::encode;

    /// The bytes decide: an older record, another's, or a damaged one is read for what it is.
    #[test]
    fn what_is_remembered_counts_for_the_same_bytes_alone() {
        let recent = Recent::default();
        let json = serde_json::json!({
            "no": 7, "version": 1, "repo": "acme/shop", "default_branch": "main", "branch": "main", "sha": "a",
            "workflow": "ci", "scope": "job", "pulls": [], "sender": "ben", "sender_is_bot": false, "fork": false,
            "confirmed": true, "commit_message": null, "stage": "open", "severity": "normal", "severity_because": [],
            "opened_at": 0, "updated_at": 0, "failed_at": 0, "closed_at": null, "runs": [], "jobs": [], "failures": 1,
            "storm": false, "evidence": [], "log_missing": null, "base": null, "adopted_by": null, "adopted": [],
            "offers": [], "proposals": [], "proposed": 0, "scheduled": null, "entries": 0, "auto_retries": 0,
        });
        let mut incident: Incident = serde_json::from_value(json).unwrap();
        let old = encode(&incident).unwrap();
        incident.version += 1;
        let new = encode(&incident).unwrap();
        for (record, version) in [(&old, 1), (&new, 2), (&new, 2), (&old, 1)] {
            let read = recent.read(incident.no, record.clone()).unwrap();
            assert_eq!(read.version, version);
            assert_eq!(&encode(&read).unwrap(), record);
        }
        assert!(recent.read(incident.no, b"{}".to_vec()).is_err());
        assert!(recent.read(incident.no, new).is_ok());
    }
}
