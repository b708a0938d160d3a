//! What history says of an incident's failure, read before the step that judges it.

use super::turn::Working;
use crate::domain::cause::{Judged, JudgedTest};
use crate::domain::incident::Incident;
use crate::domain::time::Time;
use crate::history::{self, outcomes};
use crate::ports::{Store, StoreError};

/// Tests of one incident that are judged each: a card's form shows no more of them.
const TESTS_MAX: usize = crate::domain::form::CHOICES_MAX;

impl Working<'_> {
    /// The judgement of what failed, with everything that was known until now. `None` where no job is known.
    pub(super) async fn judged(&self, incident: &Incident) -> Result<Option<Judged>, StoreError> {
        let mut judged = judge(incident, &*self.engine.store, self.now).await?;
        if let Some(judged) = &mut judged {
            judged.calibrated = Some(self.engine.curve().await?.apply(judged.estimate()));
        }
        Ok(judged)
    }
}

/// The judgement by history and log, not calibrated. `None` where no job is known.
///
/// # Errors
/// The disk failed.
pub async fn judge(incident: &Incident, store: &dyn Store, now: Time) -> Result<Option<Judged>, StoreError> {
    let failures = outcomes::headlines(incident, now);
    let Some((failure, tests)) = failures.split_first() else { return Ok(None) };
    let pasts = store.with(&failures).await?;
    let (past, row) = pasts.past(failure)?;
    let log = incident.headline();
    let mut judged = history::opinion(&past, &row, log);
    if let Some(name) = failure.test.clone() {
        judged.tests.push(JudgedTest { name, cause: judged.cause, record: judged.record });
    }
    // A breakage breaks more at once than is worth asking about one by one.
    for test in tests.iter().filter(|_| tests.len() <= TESTS_MAX) {
        let (past, row) = pasts.past(test)?;
        let Judged { cause, record, .. } = history::opinion(&past, &row, log);
        judged.tests.extend(test.test.clone().map(|name| JudgedTest { name, cause, record }));
    }
    Ok(Some(judged))
}
