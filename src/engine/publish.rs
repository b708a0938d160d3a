//! Cards: no queue but a dirty mark. The last state wins, at each channel's pace; nothing is dropped.
//!
//! Channels are independent and are written to side by side. In a channel, a first post goes before everything else;
//! edits have a budget of their own where the platform counts them apart, and the rest follows.

mod beside;
mod digest;
mod due;
mod events;
mod gates;
mod letters;
mod replay;
mod troubles;
mod write;

pub use gates::Gates;
pub use troubles::troubles;

use super::Engine;
use crate::domain::actor::Platform;
use crate::domain::time::MINUTE_MS;
use crate::ports::{Chat, Sink, StoreError};
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

/// How the news of a platform leave.
#[derive(Clone)]
enum Road {
    /// Cards, edited in place.
    Chat(Arc<dyn Chat>),
    Sink(Sink),
}

impl Road {
    fn platform(&self) -> Platform {
        match self {
            Self::Chat(chat) => chat.platform(),
            Self::Sink(sink) => sink.platform(),
        }
    }
}

/// One piece of work on a road.
enum Piece {
    Card(Job),
    Letter(letters::Mail),
    Events(events::Row),
}

impl Piece {
    /// The channel that it writes to, and whether it posts there; `None` where it writes nothing.
    fn writes(&self) -> Option<(&str, bool)> {
        match self {
            Self::Card(job) => job.writes(),
            Self::Letter(mail) => mail.writes().map(|channel| (channel, true)),
            Self::Events((surface, _)) => Some((&surface.channel, true)),
        }
    }

    fn holds(&self, road: &Road) -> AtWork {
        match self {
            Self::Card(job) => job.holds(matches!(road, Road::Chat(chat) if chat.is_in_repository())),
            Self::Letter(mail) => mail.holds(),
            Self::Events((surface, _)) => {
                AtWork { surfaces: std::iter::once(surface.clone()).collect(), channels: Channels::default() }
            }
        }
    }
}

impl Engine {
    fn road(&self, platform: &Platform) -> Option<Road> {
        let chat = self.chats.get(platform).cloned().map(Road::Chat);
        chat.or_else(|| self.sinks.get(platform).cloned().map(Road::Sink))
    }

    async fn pieces(&self, road: &Road, at_work: &AtWork, room: usize) -> Result<Vec<Piece>, StoreError> {
        let (platform, now) = (road.platform(), self.clock.elapsed_ms());
        if self.gates.closed(&platform, now).everything {
            return Ok(Vec::new());
        }
        let mut pieces = self.due_pieces(road, at_work, room).await?;
        pieces.retain(|piece| match piece.writes() {
            Some((channel, posts)) => self.gates.take(&platform, channel, posts, now),
            None => true,
        });
        Ok(pieces)
    }

    async fn due_pieces(&self, road: &Road, at_work: &AtWork, room: usize) -> Result<Vec<Piece>, StoreError> {
        Ok(match road {
            Road::Chat(chat) => self.choose(&**chat, at_work, room).await?.into_iter().map(Piece::Card).collect(),
            Road::Sink(Sink::Letters(sink)) => {
                self.choose_letters(&**sink, at_work, room).await?.into_iter().map(Piece::Letter).collect()
            }
            Road::Sink(Sink::Events(sink)) => {
                self.choose_events(&**sink, at_work, room).await?.into_iter().map(Piece::Events).collect()
            }
        })
    }

    async fn do_piece(&self, road: &Road, piece: Piece) -> Result<(), StoreError> {
        match (road, piece) {
            (Road::Chat(chat), Piece::Card(job)) => self.do_job(&**chat, job).await,
            (Road::Sink(Sink::Letters(sink)), Piece::Letter(mail)) => self.do_mail(&**sink, mail).await,
            (Road::Sink(Sink::Events(sink)), Piece::Events(row)) => self.hand_over(&**sink, row).await,
            _ => Ok(()),
        }
    }

    /// Brings every surface whose turn it is nearer to its incident. `false` when nothing was due.
    ///
    /// # Errors
    /// The store failed.
    pub async fn publish(&self, platform: &Platform) -> Result<bool, StoreError> {
        let Some(road) = self.road(platform) else { return Ok(false) };
        let pieces = self.pieces(&road, &AtWork::default(), usize::MAX).await?;
        let any = !pieces.is_empty();
        let mut done = futures::stream::iter(pieces).map(|piece| self.do_piece(&road, piece)).buffer_unordered(AT_ONCE);
        while let Some(done) = done.next().await {
            done?;
        }
        Ok(any)
    }

    /// The platforms that cards, letters and events go to.
    pub fn platforms(&self) -> impl Iterator<Item = &Platform> {
        self.chats.keys().chain(self.sinks.keys())
    }

    /// Publishes until `stop`; what is being written then is finished.
    pub(super) async fn publisher(self: Arc<Self>, platform: Platform, stop: CancellationToken) {
        let Some(road) = self.road(&platform) else { return };
        let mut news = self.card_due.subscribe();
        let mut going = JoinSet::new();
        let mut at_work = AtWork::default();
        while !stop.is_cancelled() {
            news.mark_unchanged();
            let room = AT_ONCE.saturating_sub(going.len());
            match self.pieces(&road, &at_work, room).await {
                Ok(pieces) => {
                    for piece in pieces {
                        self.begin(&road, piece, &mut at_work, &mut going);
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

    fn begin(self: &Arc<Self>, road: &Road, piece: Piece, at_work: &mut AtWork, going: &mut Going) {
        let (this, road) = (Arc::clone(self), road.clone());
        let held = piece.holds(&road);
        at_work.add(&held);
        going.spawn(async move {
            // A panic must not leave the channel locked.
            let work = std::panic::AssertUnwindSafe(this.do_piece(&road, piece));
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
