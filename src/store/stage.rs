//! What each change of the store comes to, as one batch: read, checked, and not yet applied.
//!
//! Whoever calls makes sure that nobody else writes between the reading and the applying.

use super::backend::{Backend, Batch};
use super::rows::{InboxRow, OutboxRow, SeenRow, SurfaceRow, decode, encode};
use super::{audit, content, history, keys, of_repo};
use crate::domain::actor::Thread;
use crate::domain::facts::RunSeen;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::time::{DAY_MS, Time};
use crate::ports::{Before, DeadLetter, Delivery, NewEffect, Publication, StoreError, Surface, TimerRow, Turn};
use serde::Deserialize;
use std::collections::HashSet;

type Result<T> = std::result::Result<T, StoreError>;

/// Numbers for new rows of the queues.
pub trait Numbers {
    /// # Errors
    /// The store failed.
    fn inbox(&mut self) -> Result<u64>;
    /// # Errors
    /// The store failed.
    fn outbox(&mut self) -> Result<u64>;
    /// # Errors
    /// The store failed.
    fn dead(&mut self) -> Result<u64>;
}

/// A whole turn, ready to be applied, with what came into the queues.
pub struct Staged {
    pub batch: Batch,
    pub inbox: Vec<u64>,
    pub outbox: Vec<(u64, Time)>,
}

struct Stage<'a> {
    backend: &'a dyn Backend,
    numbers: &'a mut dyn Numbers,
    batch: Batch,
}

/// The next number of effects: it is kept, since an effect's number names what came of it.
pub fn next_effect(backend: &dyn Backend) -> Result<u64> {
    let stored = backend.get(&keys::text(b'#', "outbox"))?;
    stored.map_or(Ok(1), |bytes| decode(&bytes))
}

/// A turn. The leases of what it answers are checked elsewhere.
///
/// # Errors
/// A conflict with what is stored, or the store failed.
pub fn turn(
    backend: &dyn Backend,
    numbers: &mut dyn Numbers,
    names: &mut history::Names,
    turn: Turn,
) -> Result<Staged> {
    for (key, want) in &turn.expect {
        let stored = backend.get(&keys::text(keys::SETTING, key))?;
        if stored.map(|bytes| decode(&bytes)).transpose()? != *want {
            return Err(StoreError::Conflict(format!("setting {key} was changed")));
        }
    }
    let mut stage = Stage { backend, numbers, batch: Batch::default() };
    for incident in &turn.incidents {
        stage.incident(incident)?;
    }
    audit::stage(backend, &mut stage.batch, &turn)?;
    let mut effects = Vec::new();
    for effect in turn.effects {
        effects.push(stage.effect(effect)?);
    }
    let mut deliveries = Vec::new();
    for delivery in &turn.deliveries {
        deliveries.extend(stage.delivery(delivery)?);
    }
    for (no, entry) in &turn.journal {
        stage.batch.put(keys::journal(*no, entry.seq), encode(entry)?);
    }
    if let Some((key, at)) = &turn.timer {
        let stored = backend.get(&keys::text(keys::TIMER, key))?;
        let timer = stored.map(|bytes| decode::<TimerRow>(&bytes)).transpose()?;
        if timer.is_none_or(|timer| timer.at != *at) {
            return Err(StoreError::Conflict(format!("timer {key} was moved")));
        }
    }
    for key in turn.cancel_timers.iter().chain(turn.timer.iter().map(|(key, _)| key)) {
        stage.timer_end(key)?;
    }
    for timer in &turn.timers {
        stage.timer_end(&timer.key)?;
        stage.batch.put(keys::text(keys::TIMER, &timer.key), encode(timer)?);
        stage.batch.put(keys::timer_at(timer.at.0, &timer.key), timer.key.as_bytes().to_vec());
    }
    for (surface, wanted, to_tell) in &turn.dirty {
        stage.dirty(surface, *wanted, *to_tell)?;
    }
    for (key, seen) in &turn.runs {
        stage.batch.put(keys::text(keys::RUN, key), encode(seen)?);
    }
    for (key, value) in &turn.settings {
        match value {
            Some(value) => stage.batch.put(keys::text(keys::SETTING, key), encode(value)?),
            None => stage.batch.remove(keys::text(keys::SETTING, key)),
        }
    }
    for key in &turn.bump {
        let key = keys::text(keys::SETTING, key);
        let count = backend.get(&key)?.map_or(Ok(0), |bytes| decode::<u64>(&bytes))?;
        stage.batch.put(key, encode(&(count + 1))?);
    }
    stage.ends(turn.delivery, turn.effect, turn.dead.as_deref())?;
    if !turn.outcomes.is_empty() {
        history::stage(backend, names, &mut stage.batch, &turn.outcomes)?;
    }
    Ok(Staged { batch: stage.batch, inbox: deliveries, outbox: effects })
}

impl Stage<'_> {
    fn delivery(&mut self, delivery: &Delivery) -> Result<Option<u64>> {
        put(self.backend, self.numbers, &mut self.batch, InboxRow::of(delivery.clone())?)
    }

    fn incident(&mut self, incident: &Incident) -> Result<()> {
        let key = keys::number(keys::INCIDENT, incident.no.0);
        let stored = self.backend.get(&key)?;
        let stored = stored.map(|bytes| decode::<Versioned>(&bytes)).transpose()?;
        let version = stored.as_ref().map_or(0, |have| have.version);
        if version + 1 != incident.version {
            return Err(StoreError::Conflict(format!("incident {} is at version {version}", incident.no)));
        }
        self.batch.put(key, encode(incident)?);
        let was = stored.as_ref().map(|have| have.repo.as_str());
        of_repo::stage(&mut self.batch, incident.no, was, incident.repo.as_str());
        let mut list = |table: u8, listed: bool| {
            let key = keys::number(table, incident.no.0);
            if listed { self.batch.put(key, Vec::new()) } else { self.batch.remove(key) }
        };
        list(keys::OPEN, !incident.stage.is_closed());
        list(keys::AWAITING, incident.awaits_people());
        Ok(())
    }

    fn effect(&mut self, new: NewEffect) -> Result<(u64, Time)> {
        let key = self.numbers.outbox()?;
        let row = OutboxRow { effect: new.effect, not_before: new.not_before, attempts: 0 };
        self.batch.put(keys::number(keys::OUTBOX, key), encode(&row)?);
        self.batch.put(keys::text(b'#', "outbox"), encode(&(key + 1))?);
        Ok((key, new.not_before))
    }

    fn timer_end(&mut self, key: &str) -> Result<()> {
        let name = keys::text(keys::TIMER, key);
        if let Some(bytes) = self.backend.get(&name)? {
            let old: TimerRow = decode(&bytes)?;
            self.batch.remove(keys::timer_at(old.at.0, key));
            self.batch.remove(name);
        }
        Ok(())
    }

    fn dirty(&mut self, surface: &Surface, wanted: u64, to_tell: u64) -> Result<()> {
        let key = keys::surface(surface);
        let stored = self.backend.get(&key)?;
        let mut row: SurfaceRow = match stored {
            Some(bytes) => decode(&bytes)?,
            None => SurfaceRow { surface: surface.clone(), publication: Publication::default() },
        };
        let publication = &mut row.publication;
        publication.version += 1;
        publication.wanted = publication.wanted.max(wanted);
        publication.to_tell = publication.to_tell.max(to_tell);
        due(&mut self.batch, &row);
        self.batch.put(key, encode(&row)?);
        Ok(())
    }

    fn ends(&mut self, delivery: Option<(u64, u64)>, effect: Option<(u64, u64)>, dead: Option<&str>) -> Result<()> {
        let ends = [(keys::INBOX, delivery, "delivery"), (keys::OUTBOX, effect, "effect")];
        for (table, claim, what) in ends {
            let Some((key, _)) = claim else { continue };
            let name = keys::number(table, key);
            if let Some(why) = dead {
                let bytes = self.backend.get(&name)?.unwrap_or_default();
                let body = if table == keys::INBOX {
                    InboxRow::read(&bytes).ok().and_then(|delivery| serde_json::to_value(delivery).ok())
                } else {
                    serde_json::from_slice(&bytes).ok()
                };
                let body = body.unwrap_or(serde_json::Value::Null);
                let at = body.get("at").and_then(serde_json::Value::as_i64).map_or(Time(0), Time);
                let key = self.numbers.dead()?;
                let letter = DeadLetter { key, at, what: what.into(), why: why.into(), body };
                self.batch.put(keys::number(keys::DEAD, key), encode(&letter)?);
            }
            self.batch.remove(name);
        }
        Ok(())
    }
}

/// Adds a delivery to a batch, unless its id was taken before.
///
/// # Errors
/// The store failed.
pub fn put(backend: &dyn Backend, numbers: &mut dyn Numbers, batch: &mut Batch, row: InboxRow) -> Result<Option<u64>> {
    let seen = keys::text(keys::SEEN, &row.id);
    let here = batch.0.iter().any(|(key, _)| *key == seen);
    if here || backend.get(&seen)?.is_some() {
        return Ok(None);
    }
    let key = numbers.inbox()?;
    batch.put(seen, encode(&SeenRow { at: row.at })?);
    batch.put(keys::number(keys::INBOX, key), row.bytes);
    Ok(Some(key))
}

/// An effect that is to be tried again.
///
/// # Errors
/// The store failed.
pub fn retry(backend: &dyn Backend, key: u64, not_before: Time) -> Result<Batch> {
    let name = keys::number(keys::OUTBOX, key);
    let stored = backend.get(&name)?.ok_or_else(|| StoreError::Broken("an effect is gone".into()))?;
    let mut row: OutboxRow = decode(&stored)?;
    row.attempts += 1;
    row.not_before = not_before;
    let mut batch = Batch::default();
    batch.put(name, encode(&row)?);
    Ok(batch)
}

/// A card's new state, by compare-and-set.
///
/// # Errors
/// A conflict with what is stored, or the store failed.
pub fn publication(backend: &dyn Backend, surface: &Surface, publication: &Publication) -> Result<Batch> {
    let key = keys::surface(surface);
    let stored = backend.get(&key)?;
    let have = stored.map(|bytes| decode::<SurfaceRow>(&bytes)).transpose()?.map_or(0, |row| row.publication.version);
    if have + 1 != publication.version {
        return Err(StoreError::Conflict(format!("the card of {} is at version {have}", surface.incident)));
    }
    let mut batch = Batch::default();
    if let Some(message) = &publication.message {
        let thread =
            Thread { platform: surface.platform.clone(), channel: surface.channel.clone(), message: message.clone() };
        batch.put(keys::bound(&thread), encode(&surface.incident)?);
    }
    let row = SurfaceRow { surface: surface.clone(), publication: publication.clone() };
    due(&mut batch, &row);
    batch.put(key, encode(&row)?);
    Ok(batch)
}

/// Everything that is to be forgotten.
///
/// # Errors
/// The store failed.
pub fn compact(backend: &dyn Backend, before: Before) -> Result<Batch> {
    let mut batch = Batch::default();
    // GitHub re-runs what is up to 30 days old: a run is known for as long.
    let runs_before = before.seen.plus_ms(-30 * DAY_MS);
    for (key, value) in all(backend, keys::SEEN)? {
        if decode::<SeenRow>(&value)?.at < before.seen {
            batch.remove(key);
        }
    }
    for (key, value) in all(backend, keys::RUN)? {
        if decode::<RunSeen>(&value)?.at < runs_before {
            batch.remove(key);
        }
    }
    let mut gone = Vec::new();
    for (key, value) in all(backend, keys::INCIDENT)? {
        let incident: Incident = decode(&value)?;
        if incident.closed_at.is_some_and(|at| at < before.closed) {
            batch.remove(key);
            batch.remove(keys::number(keys::AWAITING, incident.no.0));
            batch.remove(keys::incident_of(incident.repo.as_str(), incident.no));
            gone.push(incident.no);
        }
    }
    for no in gone {
        forget(backend, &mut batch, no)?;
    }
    history::retain(backend, &mut batch, before.history.0)?;
    Ok(batch)
}

fn forget(backend: &dyn Backend, batch: &mut Batch, no: IncidentNo) -> Result<()> {
    audit::forget(backend, batch, no)?;
    for (key, _) in backend.scan(&keys::number(keys::JOURNAL, no.0), &[], usize::MAX)? {
        batch.remove(key);
    }
    for (key, value) in backend.scan(&keys::number(keys::SURFACE, no.0), &[], usize::MAX)? {
        let row: SurfaceRow = decode(&value)?;
        let row_surface = row.surface.clone();
        if let Some(message) = row.publication.message {
            let Surface { platform, channel, .. } = row.surface;
            batch.remove(keys::bound(&Thread { platform, channel, message }));
        }
        batch.remove(keys::dirty(&row_surface));
        batch.remove(key);
    }
    Ok(())
}

/// The content files that records name.
///
/// # Errors
/// The store failed.
pub fn named_files(backend: &dyn Backend) -> Result<HashSet<String>> {
    let mut named = HashSet::new();
    for table in content::TABLES {
        for (_, value) in all(backend, table)? {
            content::mentioned(table, &value, &mut named);
        }
    }
    Ok(named)
}

fn all(backend: &dyn Backend, table: u8) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    backend.scan(&[table], &[], usize::MAX)
}

/// Keeps the table of surfaces that are behind in step with the surface.
fn due(batch: &mut Batch, row: &SurfaceRow) {
    let key = keys::dirty(&row.surface);
    let kind = if row.publication.is_first() { keys::DIRTY_FIRST } else { keys::DIRTY_UPDATE };
    if row.publication.is_due() { batch.put(key, kind.to_vec()) } else { batch.remove(key) }
}

/// What is compared when a record changes, without the rest of it.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
    repo: String,
}
