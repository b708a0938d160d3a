//! The one way in: redact, put in the inbox, on disk before the answer.

use super::Engine;
use crate::domain::ids::Digest;
use crate::evidence::redact;
use crate::ports::{Accepted, Delivery, Door, DoorError, Put, Verified};
use async_trait::async_trait;
use metrics::counter;

#[async_trait]
impl Door for Engine {
    async fn accept(&self, verified: Verified) -> Result<Accepted, DoorError> {
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
        match self.store.put_delivery(delivery).await {
            Ok(Put::New) => {
                self.store_works();
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
