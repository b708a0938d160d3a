//! The loops: each repeats one method while there is work, then waits to be woken or for its time.

use super::Engine;
use crate::ports::StoreError;
use futures::FutureExt;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Effects performed at the same time: most wait for an answer from GitHub, which allows 100.
const EFFECTS: usize = 80;
/// A loop looks again after this long even when nothing woke it.
const IDLE: Duration = Duration::from_millis(250);
/// How often lost deliveries and recent runs are looked for.
const RECONCILE: Duration = Duration::from_secs(60);
/// After a start, what was missed comes first.
const FILL_AFTER: Duration = Duration::from_secs(15);
/// Between two calls for past runs: 1,800 an hour, of the 5,000 that GitHub allows.
const FILL_APART: Duration = Duration::from_secs(2);
/// Where there is nothing to fill, or others need the calls.
const FILL_IDLE: Duration = Duration::from_secs(60);
/// How soon a log that took nothing is tried again.
const TRAIL_IDLE: Duration = Duration::from_secs(5);
const COMPACT: Duration = Duration::from_secs(3600);
/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

fn panicked() -> StoreError {
    StoreError::Broken("a step panicked; see the line above".into())
}

impl Engine {
    /// When it happens: told at the end, a failure would come after the store works again.
    fn report(&self, done: Result<(), StoreError>) {
        match done {
            Ok(()) | Err(StoreError::Conflict(_)) => {}
            Err(why) => self.store_failed(&why, "an effect's result is not stored, and it is repeated"),
        }
    }

    /// An effect that panicked is claimed again when its lease is over.
    fn joined(&self, done: &Result<(), JoinError>) {
        if done.is_err() {
            self.report(Err(panicked()));
        }
    }

    /// One line however often it fails, until something can be written again.
    pub(super) fn store_failed(&self, why: &StoreError, what: &str) {
        if self.store_fails.swap(true, Ordering::Relaxed) {
            tracing::debug!(%why, what, "the store still fails");
        } else {
            tracing::error!(%why, what, "the store failed; it is tried again until it works");
        }
    }

    pub(super) fn store_works(&self) {
        if self.store_fails.swap(false, Ordering::Relaxed) {
            tracing::info!("the store works again");
        }
    }

    /// Starts all loops; they end when `stop` is cancelled.
    pub fn run(self: &Arc<Self>, tasks: &TaskTracker, stop: &CancellationToken) {
        tasks.spawn(Arc::clone(self).turns(stop.clone()));
        tasks.spawn(Arc::clone(self).effects(stop.clone()));
        tasks.spawn(Arc::clone(self).trails(stop.clone()));
        // One publisher a platform: a slow one holds up nobody else.
        for platform in self.platforms() {
            tasks.spawn(Arc::clone(self).publisher(platform.clone(), stop.clone()));
        }
        self.spawn_clockwork(tasks, stop);
    }

    /// Takes in deliveries, one after the other.
    async fn turns(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            // A panic must not end the loop: what was at work is claimed again when its lease is over.
            let worked = std::panic::AssertUnwindSafe(self.turn()).catch_unwind().await;
            match worked.unwrap_or_else(|_| Err(panicked())) {
                Ok(true) => self.store_works(),
                Err(StoreError::Conflict(_)) => {}
                Ok(false) => {
                    tokio::select! {
                        () = self.turn_due.notified() => {}
                        () = tokio::time::sleep(IDLE) => {}
                        () = stop.cancelled() => {}
                    }
                }
                // It was logged when it was found, and does not pass: the operator has to restore the store.
                Err(StoreError::Damaged(_)) => stop.cancelled().await,
                Err(why) => {
                    self.store_failed(&why, "what arrived waits");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Performs effects side by side, the oldest first; what is being performed at the end is finished.
    async fn effects(self: Arc<Self>, stop: CancellationToken) {
        let mut going = JoinSet::new();
        while !stop.is_cancelled() {
            let claimed = if going.len() < EFFECTS { self.claim_effect().await } else { Ok(None) };
            match claimed {
                Ok(Some(claim)) => {
                    let this = Arc::clone(&self);
                    going.spawn(async move { this.report(this.work(claim).await) });
                    continue;
                }
                Ok(None) => {}
                // It was logged when it was found, and does not pass: the operator has to restore the store.
                Err(StoreError::Damaged(_)) => stop.cancelled().await,
                Err(why) => {
                    self.store_failed(&why, "what is to be done waits");
                    tokio::time::sleep(PAUSE).await;
                }
            }
            tokio::select! {
                Some(done) = going.join_next() => self.joined(&done),
                () = self.effect_due.notified() => {}
                () = tokio::time::sleep(IDLE) => {}
                () = stop.cancelled() => {}
            }
        }
        self.stopping.store(true, Ordering::Relaxed);
        while let Some(done) = going.join_next().await {
            self.joined(&done);
        }
    }

    /// Hands entries of the audit over to logs.
    async fn trails(self: Arc<Self>, stop: CancellationToken) {
        while !stop.is_cancelled() {
            let pause = match self.hand_over_trail().await {
                Ok(true) => continue,
                Ok(false) => TRAIL_IDLE,
                Err(StoreError::Damaged(_)) => return,
                Err(why) => {
                    self.store_failed(&why, "entries of the audit wait");
                    PAUSE
                }
            };
            tokio::select! {
                () = self.trail_due.notified() => {}
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Reads past runs, slowly: what happens now goes first.
    async fn fills(self: Arc<Self>, stop: CancellationToken) {
        let mut pause = FILL_AFTER;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stop.cancelled() => return,
            }
            pause = match self.fill().await {
                Ok(true) => FILL_APART,
                Ok(false) => FILL_IDLE,
                Err(StoreError::Damaged(_)) => return,
                Err(why) => {
                    self.store_failed(&why, "past runs wait to be read");
                    FILL_IDLE
                }
            };
        }
    }

    /// Timers, reconciliation, retention, gauges.
    fn spawn_clockwork(self: &Arc<Self>, tasks: &TaskTracker, stop: &CancellationToken) {
        let (this, ends) = (Arc::clone(self), stop.clone());
        tasks.spawn(async move {
            let mut beat = tokio::time::interval(IDLE);
            while !ends.is_cancelled() {
                beat.tick().await;
                match this.tick().await {
                    Ok(_) => {}
                    Err(StoreError::Damaged(_)) => return,
                    Err(why) => this.store_failed(&why, "timers wait"),
                }
            }
        });
        tasks.spawn(Arc::clone(self).fills(stop.clone()));
        let (this, ends) = (Arc::clone(self), stop.clone());
        tasks.spawn(async move {
            let mut beat = tokio::time::interval(RECONCILE);
            let mut since_compact = COMPACT;
            loop {
                tokio::select! {
                    _ = beat.tick() => {}
                    () = ends.cancelled() => break,
                }
                if let Err(why) = this.reconcile().await {
                    tracing::error!(%why, "could not look for missed events");
                }
                if let Err(why) = this.look_at_rooms().await {
                    tracing::error!(%why, "could not look at channels that refuse us");
                }
                this.refresh_groups().await;
                if let Err(why) = this.look_at_providers().await {
                    tracing::error!(%why, "could not keep what status pages say");
                }
                if let Err(why) = this.look_at_schedules().await {
                    tracing::error!(%why, "could not keep what is known of schedules");
                }
                if let Err(why) = this.look_at_links().await {
                    tracing::error!(%why, "could not keep whose linked logins are");
                }
                this.measure().await;
                since_compact += RECONCILE;
                if since_compact >= COMPACT {
                    since_compact = Duration::ZERO;
                    if let Err(why) = this.compact().await {
                        tracing::error!(%why, "could not remove old records");
                    }
                }
            }
        });
    }
}
