//! Durable wake-ups, and what is forgotten in time.

use super::Engine;
use crate::domain::time::DAY_MS;
use crate::ports::{Before, Delivery, StoreError, Turn};

/// Timers fired in one go.
const BATCH: usize = 100;
/// How long a delivery's id is remembered.
const SEEN_MS: i64 = 7 * DAY_MS;
/// How long outcomes are remembered: what is older says nothing of a test as it is now.
const HISTORY_MS: i64 = 180 * DAY_MS;

impl Engine {
    /// Turns timers that are due into deliveries. `false` when none was.
    ///
    /// # Errors
    /// The store failed; the timers stand.
    pub async fn tick(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let due = self.store.due_timers(now, BATCH).await?;
        let any = !due.is_empty();
        for timer in due {
            let id = format!("internal:timer-{}-{}-{}", self.installation, timer.key, timer.at.0);
            let deliveries = vec![Delivery::internal(id, now, &timer.event)];
            let fired =
                self.store.commit(Turn { timer: Some((timer.key, timer.at)), deliveries, ..Turn::default() }).await;
            // Moved or cancelled meanwhile: it is not due.
            if let Err(StoreError::Broken(why)) = fired {
                return Err(StoreError::Broken(why));
            }
        }
        if any {
            self.turn_due.notify_one();
        }
        Ok(any)
    }

    /// Forgets what is older than the configuration keeps.
    ///
    /// # Errors
    /// The store failed.
    pub async fn compact(&self) -> Result<u64, StoreError> {
        let now = self.clock.now();
        let before = Before {
            seen: now.plus_ms(-SEEN_MS),
            closed: now.plus_ms(-i64::from(self.settings().rules.keep_days) * DAY_MS),
            history: now.plus_ms(-HISTORY_MS),
        };
        let gone = self.store.compact(before).await?;
        self.state.lock().await.index.forget_runs(before.seen.plus_ms(-30 * DAY_MS));
        if gone > 0 {
            tracing::info!(records = gone, "removed old records");
        }
        Ok(gone)
    }
}
