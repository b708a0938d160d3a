//! What became of chances that were estimated, kept beside the incidents: each incident's part is exchanged for its new part
//! in the turn that changes it, so that nothing is counted twice.

use super::Engine;
use crate::domain::calibration::{Curve, Outcome, Outcomes, outcome};
use crate::domain::incident::Incident;
use crate::ports::{Store, StoreError};
use serde_json::{Value, json};

const KEY: &str = "calibration";

/// Whether it passed again at the same commit, once it is green; `None` while nothing is known, or nothing was estimated.
pub fn part(incident: &Incident) -> Option<Outcome> {
    let estimated = incident.first_estimated.filter(|_| incident.is_green() && incident.adopted_by.is_none())?;
    Some(outcome(estimated, incident.passed_again()))
}

pub async fn stored(store: &dyn Store) -> Result<Outcomes, StoreError> {
    let value = store.setting(KEY).await?;
    Ok(value.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default())
}

/// What one turn changes.
#[derive(Debug, Default)]
pub struct Changes(Vec<(Outcome, i64)>);

impl Changes {
    pub fn exchange(&mut self, before: Option<Outcome>, after: Option<Outcome>) {
        if before != after {
            self.0.extend(before.map(|outcome| (outcome, -1)));
            self.0.extend(after.map(|outcome| (outcome, 1)));
        }
    }

    /// The outcomes from now on, where they change.
    pub async fn setting(&self, store: &dyn Store) -> Result<Option<(String, Option<Value>)>, StoreError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let mut outcomes = stored(store).await?;
        self.0.iter().for_each(|(outcome, by)| outcomes.change(*outcome, *by));
        Ok(Some((KEY.into(), Some(json!(outcomes)))))
    }
}

impl Engine {
    /// How chances are corrected now.
    pub(super) async fn curve(&self) -> Result<Curve, StoreError> {
        Ok(stored(&*self.store).await?.curve())
    }
}
