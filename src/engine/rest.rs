//! Working until there is nothing left to do: for a process that ends then.

use super::Engine;
use crate::ports::StoreError;
use std::time::Duration;

/// Between two looks while only time can help: a channel's pace, an integration's pause.
const BEAT: Duration = Duration::from_millis(250);

impl Engine {
    /// Takes in, performs and publishes what is due, until nothing is. `false` where something is left that nothing could
    /// be done about for `patience`, or that goes on for `limit`; it is still in the store.
    ///
    /// # Errors
    /// The store failed.
    pub async fn rest(&self, patience: Duration, limit: Duration) -> Result<bool, StoreError> {
        let begun = self.clock.elapsed_ms();
        let mut idle = Duration::ZERO;
        while Duration::from_millis(self.clock.elapsed_ms().abs_diff(begun)) < limit {
            let mut any = self.tick().await?;
            any |= self.turn().await?;
            any |= self.perform().await?;
            for platform in self.platforms() {
                any |= self.publish(platform).await?;
            }
            if any {
                idle = Duration::ZERO;
                continue;
            }
            let left = self.store.counts().await?;
            if left.inbox + left.outbox + left.dirty == 0 {
                return Ok(true);
            }
            if idle >= patience {
                break;
            }
            tokio::time::sleep(BEAT).await;
            idle += BEAT;
        }
        Ok(false)
    }
}
