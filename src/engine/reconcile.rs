//! What was missed is found again: lost webhook deliveries are asked for once more, and recent runs are compared.

use super::Engine;
use crate::domain::Repo;
use crate::domain::time::{HOUR_MS, Time};
use crate::ports::StoreError;

/// GitHub keeps deliveries for three days.
const REDELIVER_MS: i64 = 72 * HOUR_MS;
/// How far back a poll looks.
const BACK_MS: i64 = HOUR_MS;

impl Engine {
    /// Looks for what no webhook told. Integrations that are down are skipped until the next time.
    ///
    /// # Errors
    /// The store failed.
    pub async fn reconcile(&self) -> Result<u64, StoreError> {
        let Some(ci) = &self.ci else { return Ok(0) };
        let since: Time = self.clock.now().plus_ms(-BACK_MS);
        let oldest = self.clock.now().plus_ms(-REDELIVER_MS);
        if let Err(why) = ci.redeliver(oldest).await {
            tracing::debug!(%why, "could not ask for lost deliveries");
        }
        let mut found = 0;
        let repos = self.scope.repositories.iter().filter_map(|name| name.parse::<Repo>().ok());
        for repo in repos {
            match ci.recent(&repo, since).await {
                Ok(deliveries) => {
                    for mut delivery in deliveries {
                        delivery.body = crate::evidence::redact::body(delivery.body.as_bytes());
                        found += u64::from(self.store.put_delivery(delivery).await? == crate::ports::Put::New);
                    }
                }
                Err(why) => tracing::debug!(%repo, %why, "could not read recent runs"),
            }
        }
        if found > 0 {
            self.turn_due.notify_one();
        }
        Ok(found)
    }
}
