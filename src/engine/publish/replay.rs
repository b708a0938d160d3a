//! Events sent again because somebody asks: the webhook is put back to an earlier entry of the journal.

use super::events::kind;
use crate::domain::actor::Platform;
use crate::domain::ids::IncidentNo;
use crate::domain::time::Time;
use crate::engine::Engine;
use crate::ports::{Replay, Replayed, Sink, StoreError, Surface};

/// Events of one incident that are listed.
const EVENTS: usize = 1_000;

impl Engine {
    /// What was sent of an incident from an entry on, and with `send` sends it again. `None` where nothing of it goes
    /// there.
    pub(in crate::engine) async fn replay_events(
        &self,
        no: IncidentNo,
        asked: &Replay,
    ) -> Result<Option<Vec<Replayed>>, StoreError> {
        let Some(platform) = self.events_platform() else { return Ok(None) };
        let surface = Surface { incident: no, platform, channel: asked.webhook.clone() };
        loop {
            let Some(mut publication) = self.store.publication(&surface).await? else { return Ok(None) };
            let before = asked.from.max(1) - 1;
            let entries = self.store.journal(no, before, EVENTS).await?;
            let replayed = entries.iter().filter(|entry| entry.seq <= publication.told).map(|entry| Replayed {
                seq: entry.seq,
                event: kind(entry),
                delivery: self.delivery_id(&surface.channel, no, entry.seq),
            });
            let replayed: Vec<Replayed> = replayed.collect();
            if !asked.send || replayed.is_empty() {
                return Ok(Some(replayed));
            }
            publication.told = before;
            (publication.not_before, publication.attempts, publication.dead) = (Time(0), 0, None);
            publication.version += 1;
            match self.store.put_publication(&surface, publication).await {
                // It moved on meanwhile.
                Err(StoreError::Conflict(_)) => {}
                Err(why) => return Err(why),
                Ok(()) => {
                    self.card_due.send_modify(|count| *count += 1);
                    return Ok(Some(replayed));
                }
            }
        }
    }

    fn events_platform(&self) -> Option<Platform> {
        self.sinks.values().find(|sink| sink.takes_events()).map(Sink::platform)
    }
}
