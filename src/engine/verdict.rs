//! What history says of an incident's failure, read before the step that judges it.

use super::turn::Working;
use crate::domain::cause::Judged;
use crate::domain::incident::Incident;
use crate::history::{self, outcomes};
use crate::ports::StoreError;

impl Working<'_> {
    /// The judgement of what failed, with everything that was known until now. `None` where no job is known.
    pub(super) async fn judged(&self, incident: &Incident) -> Result<Option<Judged>, StoreError> {
        let Some(failure) = outcomes::headline(incident, self.now) else { return Ok(None) };
        let pasts = self.engine.store.with(std::slice::from_ref(&failure)).await?;
        let (past, row) = pasts.past(&failure)?;
        let mut judged = history::opinion(&past, &row, incident.headline());
        judged.calibrated = Some(self.engine.curve().await?.apply(judged.estimate()));
        Ok(Some(judged))
    }
}
