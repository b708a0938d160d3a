//! The one way in: redact, put in the inbox, on disk before the answer.

use super::Engine;
use super::spans;
use crate::domain::actor::Platform;
use crate::domain::ids::Digest;
use crate::evidence::redact;
use crate::ports::{Accepted, Delivery, Door, DoorError, Put, RoomNews, Verified};
use async_trait::async_trait;
use metrics::{counter, histogram};
use std::time::Duration;
use tracing::Instrument;

#[async_trait]
impl Door for Engine {
    fn fixed(&self, platform: Option<&Platform>) {
        self.try_again(platform);
    }

    fn keeps(&self, body: &str) -> bool {
        redact::body(body.as_bytes()) == body
    }

    async fn rooms(&self, platform: &Platform, news: RoomNews) -> Result<(), DoorError> {
        self.heard_of_rooms(platform, news).await.map_err(|why| {
            self.store_failed(&why, "what a platform tells of its channels is refused");
            DoorError(why.to_string())
        })
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
        // What another replica takes in is never over here.
        let press = proof.press.filter(|_| self.replicas.as_ref().is_none_or(|replicas| replicas.leads()));
        if press.is_some_and(|press| self.presses.is_repeated(&press, &id)) {
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
