//! Cards: no queue but a dirty mark. The last state wins, at each channel's pace; nothing is dropped.
//!
//! Channels are independent and are written to side by side. In a channel, a first post goes before everything else;
//! edits have a budget of their own where the platform counts them apart, and the rest follows.

mod beside;
mod digest;
mod due;
mod troubles;
mod write;

use super::Engine;
use crate::domain::actor::Platform;
use crate::domain::time::MINUTE_MS;
use crate::ports::{Chat, StoreError};
use due::{AtWork, Job};
use futures::StreamExt;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Channels of one platform that are written to at the same time.
const AT_ONCE: usize = 32;
/// Journal lines in one thread message.
const LINES: usize = 10;
/// Clocks differ: look for a lost post from a little before the incident.
const SKEW_MS: i64 = 5 * MINUTE_MS;
/// A channel that is this late is worth a line in the log.
const LATE_MS: i64 = 30_000;
/// No pause of a channel is longer.
const PAUSE_MAX_MS: i64 = 30 * MINUTE_MS;
/// The publisher looks again after this long even when nothing woke it: pauses end.
const IDLE: Duration = Duration::from_millis(100);
/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    /// Brings every surface whose turn it is nearer to its incident. `false` when nothing was due.
    ///
    /// # Errors
    /// The store failed.
    pub async fn publish(&self, platform: &Platform) -> Result<bool, StoreError> {
        let Some(chat) = self.chats.get(platform) else { return Ok(false) };
        let jobs = self.choose(&**chat, &AtWork::default(), usize::MAX).await?;
        let any = !jobs.is_empty();
        let mut done = futures::stream::iter(jobs).map(|job| self.do_job(&**chat, job)).buffer_unordered(AT_ONCE);
        while let Some(done) = done.next().await {
            done?;
        }
        Ok(any)
    }

    /// The platforms that cards go to.
    pub fn platforms(&self) -> impl Iterator<Item = &Platform> {
        self.chats.keys()
    }

    /// Publishes until `stop`; what is being written then is finished.
    pub(super) async fn publisher(self: Arc<Self>, platform: Platform, stop: CancellationToken) {
        let Some(chat) = self.chats.get(&platform).cloned() else { return };
        let mut news = self.card_due.subscribe();
        let mut going = JoinSet::new();
        let mut at_work = AtWork::default();
        while !stop.is_cancelled() {
            news.mark_unchanged();
            let room = AT_ONCE.saturating_sub(going.len());
            match self.choose(&*chat, &at_work, room).await {
                Ok(jobs) => {
                    for job in jobs {
                        self.begin(&chat, job, &mut at_work, &mut going);
                    }
                }
                // It was logged when it was found, and does not pass.
                Err(StoreError::Damaged(_)) => stop.cancelled().await,
                Err(why) => {
                    self.store_failed(&why, "cards wait");
                    tokio::time::sleep(PAUSE).await;
                }
            }
            tokio::select! {
                Some(done) = going.join_next() => self.end(&mut at_work, done),
                _ = news.changed() => {}
                () = tokio::time::sleep(IDLE) => {}
                () = stop.cancelled() => {}
            }
            while let Some(done) = going.try_join_next() {
                self.end(&mut at_work, done);
            }
        }
        while going.join_next().await.is_some() {}
    }

    fn begin(self: &Arc<Self>, chat: &Arc<dyn Chat>, job: Job, at_work: &mut AtWork, going: &mut Going) {
        let (this, chat) = (Arc::clone(self), Arc::clone(chat));
        let held = job.holds(chat.is_in_repository());
        at_work.add(&held);
        going.spawn(async move {
            // A panic must not leave the channel locked.
            let work = std::panic::AssertUnwindSafe(this.do_job(&*chat, job));
            let done = futures::FutureExt::catch_unwind(work).await;
            let done = done.unwrap_or_else(|_| Err(StoreError::Broken("publishing a card panicked".into())));
            (held, done)
        });
    }

    fn end(&self, at_work: &mut AtWork, done: Result<(AtWork, Result<(), StoreError>), tokio::task::JoinError>) {
        match done {
            Ok((held, done)) => {
                at_work.remove(&held);
                match done {
                    Ok(()) | Err(StoreError::Conflict(_)) => {}
                    Err(why) => self.store_failed(&why, "a card waits"),
                }
            }
            // Only a runtime that is shutting down drops a task.
            Err(why) => tracing::error!(%why, "publishing was aborted"),
        }
    }
}

type Going = JoinSet<(AtWork, Result<(), StoreError>)>;

/// Names of channels.
type Channels = HashSet<String>;
