//! What history says of an incident's failure, read before the step that judges it.

use super::turn::Working;
use crate::domain::cause::{Judged, Record};
use crate::domain::incident::Incident;
use crate::history::{self, outcomes};
use crate::ports::StoreError;

impl Working<'_> {
    /// The judgement of what failed, with everything that was known until now. `None` where no job is known.
    pub(super) async fn judged(&self, incident: &Incident) -> Result<Option<Judged>, StoreError> {
        let Some(failure) = outcomes::headline(incident, self.now) else { return Ok(None) };
        let pasts = self.engine.store.with(std::slice::from_ref(&failure)).await?;
        let (past, row) = pasts.past(&failure)?;
        let judged = history::judge_with(&past, &row, incident.headline());
        let score = history::score(&past.rows, past.default_branch);
        let evidence = score.evidence;
        Ok(Some(Judged {
            cause: judged.cause,
            chances: judged.chances,
            because: judged.because,
            record: Record {
                executions: evidence.recent,
                failures: evidence.recent_failures,
                passed_on_retry: evidence.passed_on_retry,
                rate: score.flake.score,
                passed_here: history::passed_at(&past, &row),
                alike: history::flakes_like(&past, &row),
            },
            by: None,
        }))
    }
}
