//! The loops: each repeats one method while there is work, then waits to be woken or for its time.

use super::Engine;
use crate::ports::StoreError;
use futures::FutureExt;
use metrics::gauge;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Effects performed at the same time.
const WORKERS: usize = 4;
/// A loop looks again after this long even when nothing woke it.
const IDLE: Duration = Duration::from_millis(250);
/// How often lost deliveries and recent runs are looked for.
const RECONCILE: Duration = Duration::from_secs(60);
const COMPACT: Duration = Duration::from_secs(3600);
/// After a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

impl Engine {
    /// Starts all loops; they end when `stop` is cancelled.
    pub fn run(self: &Arc<Self>, tasks: &TaskTracker, stop: &CancellationToken) {
        let this = Arc::clone(self);
        self.spawn_loop(
            tasks,
            stop,
            |e| &e.turn_due,
            move || {
                let this = Arc::clone(&this);
                async move { this.turn().await }
            },
        );
        for _ in 0..WORKERS {
            let this = Arc::clone(self);
            self.spawn_loop(
                tasks,
                stop,
                |e| &e.effect_due,
                move || {
                    let this = Arc::clone(&this);
                    async move { this.perform().await }
                },
            );
        }
        // One publisher a platform: a slow one holds up nobody else.
        for platform in self.platforms() {
            let (this, platform) = (Arc::clone(self), platform.clone());
            self.spawn_loop(
                tasks,
                stop,
                |e| &e.card_due,
                move || {
                    let (this, platform) = (Arc::clone(&this), platform.clone());
                    async move { this.publish(&platform).await }
                },
            );
        }
        self.spawn_clockwork(tasks, stop);
    }

    fn spawn_loop<F, W>(
        self: &Arc<Self>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
        bell: fn(&Self) -> &Notify,
        work: W,
    ) where
        W: Fn() -> F + Send + 'static,
        F: Future<Output = Result<bool, StoreError>> + Send,
    {
        let (this, stop) = (Arc::clone(self), stop.clone());
        tasks.spawn(async move {
            while !stop.is_cancelled() {
                // A panic must not end the loop: what was at work is claimed again when its lease is over.
                let worked = std::panic::AssertUnwindSafe(work()).catch_unwind().await;
                let worked =
                    worked.unwrap_or_else(|_| Err(StoreError::Broken("a step panicked; see the line above".into())));
                match worked {
                    Ok(true) | Err(StoreError::Conflict(_)) => {}
                    Ok(false) => {
                        tokio::select! {
                            () = bell(&this).notified() => {}
                            () = tokio::time::sleep(IDLE) => {}
                            () = stop.cancelled() => {}
                        }
                    }
                    Err(why) => {
                        tracing::error!(%why, "the store failed; trying again");
                        tokio::time::sleep(PAUSE).await;
                    }
                }
            }
        });
    }

    /// Timers, reconciliation, retention, gauges.
    fn spawn_clockwork(self: &Arc<Self>, tasks: &TaskTracker, stop: &CancellationToken) {
        let (this, ends) = (Arc::clone(self), stop.clone());
        tasks.spawn(async move {
            let mut beat = tokio::time::interval(IDLE);
            while !ends.is_cancelled() {
                beat.tick().await;
                if let Err(why) = this.tick().await {
                    tracing::error!(%why, "timers could not be read");
                }
            }
        });
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
                    tracing::error!(%why, "missed events could not be looked for");
                }
                this.measure().await;
                since_compact += RECONCILE;
                if since_compact >= COMPACT {
                    since_compact = Duration::ZERO;
                    if let Err(why) = this.compact().await {
                        tracing::error!(%why, "old records could not be compacted away");
                    }
                }
            }
        });
    }

    /// Queue depths, for the metrics page.
    pub async fn measure(&self) {
        let Ok(counts) = self.store.counts().await else { return };
        for (name, value) in [
            ("inbox", counts.inbox),
            ("outbox", counts.outbox),
            ("timers", counts.timers),
            ("cards", counts.dirty),
            ("dead_letters", counts.dead),
        ] {
            gauge!("ci_rescue_queue_depth", "queue" => name).set(value as f64);
        }
        gauge!("ci_rescue_incidents", "state" => "open").set(counts.open as f64);
        gauge!("ci_rescue_incidents", "state" => "all").set(counts.incidents as f64);
    }
}
