//! The one way in: redact, put in the inbox, on disk before the answer.

use super::Engine;
use super::spans;
use crate::domain::actor::Platform;
use crate::domain::ids::Digest;
use crate::evidence::redact;
use crate::ports::{Accepted, Delivery, Door, DoorError, Put, Verified};
use async_trait::async_trait;
use metrics::{counter, histogram};
use std::time::Duration;
use tracing::Instrument;

/// Between two tries that a platform's events ask for, in milliseconds.
const TRIES_MS: i64 = 60_000;

impl Engine {
    fn may_try(&self, platform: &Platform) -> bool {
        let now = self.clock.elapsed_ms();
        let mut tried = self.tried.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = tried.get(platform).is_none_or(|at| now - at >= TRIES_MS);
        if due {
            tried.insert(platform.clone(), now);
        }
        due
    }
}

#[async_trait]
impl Door for Engine {
    async fn fixed(&self, platform: Option<&Platform>) {
        // Platforms tell of every change of a role or a channel.
        if platform.is_some_and(|platform| !self.may_try(platform)) {
            return;
        }
        if let Err(why) = self.try_parked(platform).await {
            tracing::warn!(%why, "could not try again what waited for a fix");
        }
    }

    async fn accept(&self, verified: Verified) -> Result<Accepted, DoorError> {
        let begun = self.clock.elapsed_ms();
        let (raw, proof) = verified.into_parts();
        let hash = Digest::of([raw.body.as_slice()]);
        let delivery = Delivery {
            id: format!("{}:{}", raw.source, proof.id),
            source: raw.source.into(),
            kind: proof.kind,
            origin: proof.origin,
            at: self.clock.now(),
            hash,
            body: redact::body(&raw.body),
        };
        let id = delivery.id.clone();
        if proof.press.is_some_and(|press| self.presses.is_repeated(&press, &id)) {
            counter!("ci_rescue_deliveries_total", "source" => raw.source, "outcome" => "repeated").increment(1);
            return Ok(Accepted::Duplicate);
        }
        let put = self.store.put_delivery(delivery).instrument(spans::accept(raw.source)).await;
        let took = u64::try_from(self.clock.elapsed_ms().saturating_sub(begun)).unwrap_or(0);
        histogram!("ci_rescue_acknowledge_seconds", "source" => raw.source).record(Duration::from_millis(took));
        self.presses.after(&id, matches!(put, Ok(Put::New)));
        match put {
            Ok(Put::New) => {
                self.store_works();
                self.health.heard(raw.source);
                counter!("ci_rescue_deliveries_total", "source" => raw.source, "outcome" => "new").increment(1);
                self.turn_due.notify_one();
                Ok(Accepted::New)
            }
            Ok(Put::Duplicate) => {
                counter!("ci_rescue_deliveries_total", "source" => raw.source, "outcome" => "duplicate").increment(1);
                tracing::debug!(delivery = %id, "duplicate delivery");
                Ok(Accepted::Duplicate)
            }
            Err(why) => {
                counter!("ci_rescue_deliveries_total", "source" => raw.source, "outcome" => "failed").increment(1);
                self.store_failed(&why, "deliveries are refused");
                Err(DoorError(why.to_string()))
            }
        }
    }
}
