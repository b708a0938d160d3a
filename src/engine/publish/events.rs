//! Events for programs: each entry of an incident's journal, in order, under a name that stays the same. The journal is
//! the queue: a surface remembers the last entry that arrived.

use super::due::AtWork;
use crate::domain::ids::{Digest, IncidentNo};
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::news::Said;
use crate::engine::Engine;
use crate::ports::{Due, Events, GIVEN_UP, Happening, PortError, Publication, StoreError, Surface, Turn};
use metrics::counter;
use std::collections::BTreeMap;

/// Surfaces looked at in one go.
const LOOKED: usize = 512;
/// Incidents of one channel whose events go side by side.
const AT_ONCE: usize = 8;
/// Events of one incident before others have their turn.
const IN_A_ROW: usize = 20;

pub type Row = (Surface, Publication);

/// What has to be handed over next.
enum Next {
    Entry(Box<Entry>),
    /// The record changed, and no entry says so.
    Update,
    Nothing,
}

impl Engine {
    pub(super) async fn choose_events(
        &self,
        sink: &dyn Events,
        at_work: &AtWork,
        room: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let (now, platform) = (self.clock.now(), sink.platform());
        let busy = self.busy(&platform, now).await;
        let mut by_channel: BTreeMap<String, Vec<Row>> = BTreeMap::new();
        for due in [Due::Update, Due::First] {
            for row in self.store.due_publications(&platform, due, now, &busy, LOOKED).await? {
                let rows = by_channel.entry(row.0.channel.clone()).or_default();
                if rows.len() < AT_ONCE && !at_work.surfaces.contains(&row.0) {
                    rows.push(row);
                }
            }
        }
        let mut jobs = Vec::new();
        for (channel, rows) in by_channel {
            let fits = !rows.is_empty() && jobs.len() < room;
            if fits && self.take_slot(&platform, sink.pace_ms(), &channel, now).await {
                jobs.extend(rows);
            }
        }
        jobs.truncate(room);
        Ok(jobs)
    }

    pub(super) async fn hand_over(&self, sink: &dyn Events, (surface, mut publication): Row) -> Result<(), StoreError> {
        for _ in 0..IN_A_ROW {
            let Some(incident) = self.store.incident(surface.incident).await? else {
                publication.dead = Some("the incident is gone".into());
                return self.record_handed(&surface, publication, None).await.map(|_| ());
            };
            let begun = publication.told;
            let next = self.next_event(&incident, &publication).await?;
            let last = matches!(next, Next::Nothing);
            match self.hand(sink, &surface, &incident, &publication, &next).await {
                Ok(()) => note_handed(&mut publication, &incident, &next),
                // The receiver does not want this one; it can be sent again when it does.
                Err(PortError::Permanent { why }) => {
                    tracing::warn!(incident = incident.no.0, webhook = %surface.channel, "left an event out: {why}");
                    self.store.commit(Turn { bump: vec![GIVEN_UP.into()], ..Turn::default() }).await?;
                    note_handed(&mut publication, &incident, &next);
                }
                Err(why) => {
                    self.not_sent(&surface, &mut publication, why).await?;
                    return self.record_handed(&surface, publication, Some(begun)).await.map(|_| ());
                }
            }
            publication = self.record_handed(&surface, publication, Some(begun)).await?;
            if last {
                break;
            }
        }
        Ok(())
    }

    async fn next_event(&self, incident: &Incident, publication: &Publication) -> Result<Next, StoreError> {
        if let Some(entry) = self.store.journal(incident.no, publication.told, 1).await?.into_iter().next() {
            return Ok(Next::Entry(Box::new(entry)));
        }
        let changed = publication.said.as_ref().is_some_and(|told| is_changed(told, incident));
        Ok(if changed { Next::Update } else { Next::Nothing })
    }

    async fn hand(
        &self,
        sink: &dyn Events,
        surface: &Surface,
        incident: &Incident,
        publication: &Publication,
        next: &Next,
    ) -> Result<(), PortError> {
        let told = publication.said.as_ref();
        let changed = told.map(|told| told.changes(incident.stage, incident.severity)).unwrap_or_default();
        let done = match next {
            Next::Nothing => return Ok(()),
            Next::Entry(entry) => {
                let words =
                    self.words.note("plain", &entry.note).map_err(|why| PortError::permanent(why.to_string()))?;
                let delivery = self.delivery_id(&surface.channel, incident.no, entry.seq);
                let event = kind(entry);
                let again = told.is_some_and(|told| entry.seq <= told.top);
                let entry = Some((&**entry, words.as_str()));
                let happening =
                    Happening { incident, event: &event, delivery: &delivery, again, changed: &changed, entry };
                sink.hand(&surface.channel, &happening).await
            }
            Next::Update => {
                let n = told.map_or(0, |told| told.n);
                let delivery = self.named(&[&surface.channel, &incident.no.0.to_string(), "update", &n.to_string()]);
                let changed = changed.as_slice();
                let happening =
                    Happening { incident, event: "updated", delivery: &delivery, again: false, changed, entry: None };
                sink.hand(&surface.channel, &happening).await
            }
        };
        let act = if done.is_ok() { "sent" } else { "failed" };
        counter!("ci_rescue_cards_total", "platform" => surface.platform.0.clone(), "act" => act).increment(1);
        done
    }

    /// The name of what an entry of the journal tells a webhook.
    pub(in crate::engine) fn delivery_id(&self, channel: &str, no: IncidentNo, seq: u64) -> String {
        self.named(&[channel, &no.0.to_string(), "entry", &seq.to_string()])
    }

    fn named(&self, parts: &[&str]) -> String {
        let parts = std::iter::once(self.installation.as_bytes()).chain(parts.iter().map(|part| part.as_bytes()));
        let hex = Digest::of(parts).as_str().to_owned();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
    }

    /// Stores what arrived, unless somebody asked meanwhile for what came before `begun` to be sent again.
    async fn record_handed(
        &self,
        surface: &Surface,
        mut publication: Publication,
        begun: Option<u64>,
    ) -> Result<Publication, StoreError> {
        if publication.attempts == 0 {
            self.got_through(surface, true).await?;
        }
        loop {
            publication.version += 1;
            match self.store.put_publication(surface, publication.clone()).await {
                Err(StoreError::Conflict(_)) => {
                    let fresh = self.store.publication(surface).await?.unwrap_or_default();
                    publication.version = fresh.version;
                    publication.wanted = publication.wanted.max(fresh.wanted);
                    publication.to_tell = publication.to_tell.max(fresh.to_tell);
                    if begun.is_some_and(|begun| fresh.told < begun) {
                        publication.told = fresh.told;
                    }
                }
                other => return other.map(|()| publication),
            }
        }
    }
}

/// As programs call it: the name of its note.
pub fn kind(entry: &Entry) -> String {
    let note = serde_json::to_value(&entry.note).unwrap_or_default();
    note.get("note").and_then(serde_json::Value::as_str).unwrap_or("noted").to_owned()
}

fn is_changed(told: &Said, incident: &Incident) -> bool {
    !told.changes(incident.stage, incident.severity).is_empty()
}

fn note_handed(publication: &mut Publication, incident: &Incident, next: &Next) {
    let told = publication.said.get_or_insert_default();
    (told.stage, told.severity) = (incident.stage, incident.severity);
    match next {
        Next::Entry(entry) => {
            publication.told = entry.seq;
            told.top = told.top.max(entry.seq);
        }
        Next::Update => told.n += 1,
        Next::Nothing => {
            publication.told = publication.told.max(publication.to_tell);
            publication.shown = publication.shown.max(publication.wanted).max(incident.version);
        }
    }
    publication.message = Some("events".into());
    publication.attempts = 0;
}
