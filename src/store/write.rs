//! What each write does. Only the writer thread is here, so a check and its change cannot be parted.

use super::backend::{Backend, Batch, Still};
use super::{audit, content, history, keys};
use crate::domain::effect::Effect;
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::outcome::Outcome;
use crate::domain::time::{DAY_MS, Time};
use crate::ports::{
    Before, Claimed, DeadLetter, Delivery, NewEffect, Publication, Put, Recorded, StoreError, Surface, TimerRow, Turn,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

pub enum Write {
    PutDelivery(Box<InboxRow>),
    ClaimDelivery {
        now: Time,
        lease_ms: i64,
    },
    ReleaseDelivery {
        claim: (u64, u64),
    },
    ClaimEffect {
        now: Time,
        lease_ms: i64,
    },
    Commit(Box<Turn>),
    RetryEffect {
        claim: (u64, u64),
        not_before: Time,
    },
    PutPublication {
        surface: Surface,
        publication: Box<Publication>,
    },
    PutFile {
        name: String,
        bytes: Vec<u8>,
    },
    Compact(Before),
    Record(Vec<Outcome>),
    /// A copy of everything, for somebody else to read.
    Still,
    /// Nothing: only to know whether something could be written.
    Probe,
}

impl Write {
    /// Leases are void after a restart, so claiming needs no flush.
    pub fn is_durable(&self) -> bool {
        !matches!(
            self,
            Self::ClaimDelivery { .. } | Self::ClaimEffect { .. } | Self::PutFile { .. } | Self::Still | Self::Probe
        )
    }
}

pub enum Answer {
    Put(Put),
    Delivery(Option<Box<Claimed<Delivery>>>),
    Effect(Option<Box<Claimed<Effect>>>),
    Count(u64),
    Recorded(Recorded),
    Still(Box<dyn Still>),
    Done,
}

/// A delivery ready to be written, made by whoever brings it: the writer is one thread for all.
pub struct InboxRow {
    pub id: String,
    pub at: Time,
    /// The delivery without its body in JSON, a line break, the body compressed.
    pub bytes: Vec<u8>,
}

impl InboxRow {
    pub fn of(mut delivery: Delivery) -> Result<Self> {
        let body = std::mem::take(&mut delivery.body);
        let mut bytes = encode(&delivery)?;
        bytes.push(b'\n');
        bytes.append(&mut lz4_flex::compress_prepend_size(body.as_bytes()));
        Ok(Self { id: delivery.id, at: delivery.at, bytes })
    }

    pub fn read(bytes: &[u8]) -> Result<Delivery> {
        let end = memchr::memchr(b'\n', bytes).ok_or_else(|| broken("a delivery is damaged"))?;
        let mut delivery: Delivery = decode(&bytes[..end])?;
        let body =
            lz4_flex::decompress_size_prepended(&bytes[end + 1..]).ok().and_then(|body| String::from_utf8(body).ok());
        delivery.body = body.ok_or_else(|| broken("a delivery is damaged"))?;
        Ok(delivery)
    }
}

/// An effect as it waits.
#[derive(Serialize, Deserialize)]
pub struct OutboxRow {
    pub effect: Effect,
    pub not_before: Time,
    pub attempts: u32,
}

#[derive(Serialize, Deserialize)]
pub struct SeenRow {
    pub at: Time,
}

struct Lease {
    token: u64,
    until: Time,
}

/// The writer's own state: next numbers, queues in memory, leases.
pub struct Writing<B> {
    backend: Arc<B>,
    next_inbox: u64,
    next_outbox: u64,
    next_dead: u64,
    next_lease: u64,
    /// Inbox keys in order, with how often each was claimed.
    inbox: BTreeMap<u64, u32>,
    /// Outbox keys with their due time.
    outbox: BTreeMap<u64, Time>,
    inbox_leases: HashMap<u64, Lease>,
    outbox_leases: HashMap<u64, Lease>,
    /// Content files that were put since we started and that no record names yet: it is on its way.
    unnamed: HashSet<String>,
    /// Names of history that were looked up lately.
    names: history::Names,
}

type Result<T> = std::result::Result<T, StoreError>;

pub fn broken(why: impl Into<String>) -> StoreError {
    StoreError::Broken(why.into())
}

pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|why| broken(format!("a record cannot be read: {why}")))
}

pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(|why| broken(format!("a record cannot be written: {why}")))
}

impl<B: Backend> Writing<B> {
    pub fn open(backend: Arc<B>) -> Result<Self> {
        audit::fill(&*backend)?;
        let mut writing = Self {
            backend,
            next_inbox: 1,
            next_outbox: 1,
            next_dead: 1,
            next_lease: 1,
            inbox: BTreeMap::new(),
            outbox: BTreeMap::new(),
            inbox_leases: HashMap::new(),
            outbox_leases: HashMap::new(),
            unnamed: HashSet::new(),
            names: history::Names::default(),
        };
        for (key, _) in writing.all(keys::INBOX)? {
            writing.inbox.insert(keys::last_number(&key), 0);
        }
        for (key, value) in writing.all(keys::OUTBOX)? {
            writing.outbox.insert(keys::last_number(&key), decode::<OutboxRow>(&value)?.not_before);
        }
        // An inbox key names nothing outside the inbox, so it may be used again.
        writing.next_inbox = writing.inbox.keys().last().map_or(1, |n| n + 1);
        writing.next_outbox = writing.counter("outbox")?.max(writing.outbox.keys().last().map_or(1, |n| n + 1));
        writing.next_dead = writing.all(keys::DEAD)?.last().map_or(1, |(key, _)| keys::last_number(key) + 1);
        Ok(writing)
    }

    /// After a write failed: from what is on disk. Leases are void, as after a restart.
    ///
    /// # Errors
    /// The disk fails still, or something is lost.
    pub fn mend(&mut self) -> Result<()> {
        if self.backend.has_failed() {
            self.backend.reopen()?;
            let read = Self::open(Arc::clone(&self.backend))?;
            let unnamed = std::mem::take(&mut self.unnamed);
            *self = Self { next_lease: self.next_lease, unnamed, ..read };
            tracing::info!("the store takes writes again");
        }
        Ok(())
    }

    fn counter(&self, name: &str) -> Result<u64> {
        let stored = self.backend.get(&keys::text(b'#', name))?;
        stored.map_or(Ok(1), |bytes| decode(&bytes))
    }

    fn all(&self, table: u8) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.backend.scan(&[table], &[], usize::MAX)
    }

    pub fn apply(&mut self, write: Write) -> Result<Answer> {
        match write {
            Write::PutDelivery(row) => {
                let answers = self.put_deliveries(vec![*row])?;
                Ok(Answer::Put(answers.first().copied().unwrap_or(Put::Duplicate)))
            }
            Write::ClaimDelivery { now, lease_ms } => {
                self.claim_delivery(now, lease_ms).map(|c| Answer::Delivery(c.map(Box::new)))
            }
            Write::ClaimEffect { now, lease_ms } => {
                self.claim_effect(now, lease_ms).map(|c| Answer::Effect(c.map(Box::new)))
            }
            Write::ReleaseDelivery { claim: (key, token) } => {
                check(&self.inbox_leases, key, token)?;
                self.inbox_leases.remove(&key);
                Ok(Answer::Done)
            }
            Write::Commit(turn) => self.commit(*turn).map(|()| Answer::Done),
            Write::RetryEffect { claim, not_before } => self.retry_effect(claim, not_before).map(|()| Answer::Done),
            Write::PutPublication { surface, publication } => {
                self.put_publication(&surface, &publication).map(|()| Answer::Done)
            }
            Write::PutFile { name, bytes } => {
                self.backend.put_file(&name, &bytes)?;
                self.unnamed.insert(name);
                Ok(Answer::Done)
            }
            Write::Still => self.backend.still().map(Answer::Still),
            Write::Probe => self.backend.probe().map(|()| Answer::Done),
            Write::Compact(before) => self.compact(before).map(Answer::Count),
            Write::Record(outcomes) => {
                history::record(&*self.backend, &mut self.names, &outcomes).map(Answer::Recorded)
            }
        }
    }

    /// Several at once are one transaction: that is what makes a flush cheap for each.
    pub fn put_deliveries(&mut self, rows: Vec<InboxRow>) -> Result<Vec<Put>> {
        let mut batch = Batch::default();
        let mut staged = Vec::new();
        let mut answers = Vec::new();
        for row in rows {
            match self.stage_row(&mut batch, row)? {
                Some(key) => {
                    staged.push(key);
                    answers.push(Put::New);
                }
                None => answers.push(Put::Duplicate),
            }
        }
        self.backend.apply(&batch)?;
        self.inbox.extend(staged.into_iter().map(|key| (key, 0)));
        Ok(answers)
    }

    fn stage_delivery(&mut self, batch: &mut Batch, delivery: &Delivery) -> Result<Option<u64>> {
        self.stage_row(batch, InboxRow::of(delivery.clone())?)
    }

    /// Adds a delivery to a batch, unless its id was taken before.
    fn stage_row(&mut self, batch: &mut Batch, row: InboxRow) -> Result<Option<u64>> {
        let seen = keys::text(keys::SEEN, &row.id);
        let here = batch.0.iter().any(|(key, _)| *key == seen);
        if here || self.backend.get(&seen)?.is_some() {
            return Ok(None);
        }
        let key = self.next_inbox;
        self.next_inbox += 1;
        batch.put(seen, encode(&SeenRow { at: row.at })?);
        batch.put(keys::number(keys::INBOX, key), row.bytes);
        Ok(Some(key))
    }

    fn lease(&mut self, now: Time, lease_ms: i64) -> Lease {
        self.next_lease += 1;
        Lease { token: self.next_lease, until: now.plus_ms(lease_ms) }
    }

    fn claim_delivery(&mut self, now: Time, lease_ms: i64) -> Result<Option<Claimed<Delivery>>> {
        let free = |leases: &HashMap<u64, Lease>, key: &u64| leases.get(key).is_none_or(|lease| lease.until <= now);
        let Some(key) = self.inbox.keys().copied().find(|key| free(&self.inbox_leases, key)) else { return Ok(None) };
        let stored = self.backend.get(&keys::number(keys::INBOX, key))?;
        let work = InboxRow::read(&stored.ok_or_else(|| broken("a delivery is gone"))?)?;
        let lease = self.lease(now, lease_ms);
        let token = lease.token;
        self.inbox_leases.insert(key, lease);
        let attempts = self.inbox.get_mut(&key).map_or(0, |attempts| std::mem::replace(attempts, *attempts + 1));
        Ok(Some(Claimed { key, lease: token, attempts, work }))
    }

    fn claim_effect(&mut self, now: Time, lease_ms: i64) -> Result<Option<Claimed<Effect>>> {
        let free = |leases: &HashMap<u64, Lease>, key: &u64| leases.get(key).is_none_or(|lease| lease.until <= now);
        let due = self.outbox.iter().find(|(key, at)| **at <= now && free(&self.outbox_leases, key));
        let Some((&key, _)) = due else { return Ok(None) };
        let stored = self.backend.get(&keys::number(keys::OUTBOX, key))?;
        let row: OutboxRow = decode(&stored.ok_or_else(|| broken("an effect is gone"))?)?;
        let lease = self.lease(now, lease_ms);
        let token = lease.token;
        self.outbox_leases.insert(key, lease);
        Ok(Some(Claimed { key, lease: token, attempts: row.attempts, work: row.effect }))
    }

    fn retry_effect(&mut self, (key, token): (u64, u64), not_before: Time) -> Result<()> {
        check(&self.outbox_leases, key, token)?;
        let name = keys::number(keys::OUTBOX, key);
        let stored = self.backend.get(&name)?.ok_or_else(|| broken("an effect is gone"))?;
        let mut row: OutboxRow = decode(&stored)?;
        row.attempts += 1;
        row.not_before = not_before;
        let mut batch = Batch::default();
        batch.put(name, encode(&row)?);
        self.backend.apply(&batch)?;
        self.outbox.insert(key, not_before);
        self.outbox_leases.remove(&key);
        Ok(())
    }

    /// Everything is checked before anything is changed.
    fn commit(&mut self, turn: Turn) -> Result<()> {
        if let Some((key, token)) = turn.delivery {
            check(&self.inbox_leases, key, token)?;
        }
        if let Some((key, token)) = turn.effect {
            check(&self.outbox_leases, key, token)?;
        }
        for (key, want) in &turn.expect {
            let stored = self.backend.get(&keys::text(keys::SETTING, key))?;
            if stored.map(|bytes| decode(&bytes)).transpose()? != *want {
                return Err(StoreError::Conflict(format!("setting {key} was changed")));
            }
        }
        let mut batch = Batch::default();
        for incident in &turn.incidents {
            self.stage_incident(&mut batch, incident)?;
        }
        audit::stage(&*self.backend, &mut batch, &turn)?;
        let mut effects = Vec::new();
        for effect in turn.effects {
            effects.push(self.stage_effect(&mut batch, effect)?);
        }
        let mut deliveries = Vec::new();
        for delivery in &turn.deliveries {
            deliveries.extend(self.stage_delivery(&mut batch, delivery)?);
        }
        for (no, entry) in &turn.journal {
            batch.put(keys::journal(*no, entry.seq), encode(entry)?);
        }
        if let Some((key, at)) = &turn.timer {
            let stored = self.backend.get(&keys::text(keys::TIMER, key))?;
            let timer = stored.map(|bytes| decode::<TimerRow>(&bytes)).transpose()?;
            if timer.is_none_or(|timer| timer.at != *at) {
                return Err(StoreError::Conflict(format!("timer {key} was moved")));
            }
        }
        for key in turn.cancel_timers.iter().chain(turn.timer.iter().map(|(key, _)| key)) {
            self.stage_timer_end(&mut batch, key)?;
        }
        for timer in &turn.timers {
            self.stage_timer_end(&mut batch, &timer.key)?;
            batch.put(keys::text(keys::TIMER, &timer.key), encode(timer)?);
            batch.put(keys::timer_at(timer.at.0, &timer.key), timer.key.as_bytes().to_vec());
        }
        for (surface, wanted, to_tell) in &turn.dirty {
            self.stage_dirty(&mut batch, surface, *wanted, *to_tell)?;
        }
        for (key, seen) in &turn.runs {
            batch.put(keys::text(keys::RUN, key), encode(seen)?);
        }
        for (key, value) in &turn.settings {
            match value {
                Some(value) => batch.put(keys::text(keys::SETTING, key), encode(value)?),
                None => batch.remove(keys::text(keys::SETTING, key)),
            }
        }
        for key in &turn.bump {
            let key = keys::text(keys::SETTING, key);
            let count = self.backend.get(&key)?.map_or(Ok(0), |bytes| decode::<u64>(&bytes))?;
            batch.put(key, encode(&(count + 1))?);
        }
        self.stage_ends(&mut batch, turn.delivery, turn.effect, turn.dead.as_deref())?;
        let staged = match turn.outcomes.as_slice() {
            [] => Ok(()),
            outcomes => history::stage(&*self.backend, &mut self.names, &mut batch, outcomes).map(|_| ()),
        };
        if let Err(why) = staged.and_then(|()| self.backend.apply(&batch)) {
            self.names.reset();
            return Err(why);
        }
        if let Some((key, _)) = turn.delivery {
            self.inbox.remove(&key);
            self.inbox_leases.remove(&key);
        }
        if let Some((key, _)) = turn.effect {
            self.outbox.remove(&key);
            self.outbox_leases.remove(&key);
        }
        self.outbox.extend(effects);
        self.inbox.extend(deliveries.into_iter().map(|key| (key, 0)));
        Ok(())
    }

    fn stage_incident(&self, batch: &mut Batch, incident: &Incident) -> Result<()> {
        let key = keys::number(keys::INCIDENT, incident.no.0);
        let stored = self.backend.get(&key)?;
        let version = stored.map(|bytes| decode::<Versioned>(&bytes)).transpose()?.map_or(0, |have| have.version);
        if version + 1 != incident.version {
            return Err(StoreError::Conflict(format!("incident {} is at version {version}", incident.no)));
        }
        batch.put(key, encode(incident)?);
        let mut list = |table: u8, listed: bool| {
            let key = keys::number(table, incident.no.0);
            if listed { batch.put(key, Vec::new()) } else { batch.remove(key) }
        };
        list(keys::OPEN, !incident.stage.is_closed());
        list(keys::AWAITING, incident.awaits_people());
        Ok(())
    }

    fn stage_effect(&mut self, batch: &mut Batch, new: NewEffect) -> Result<(u64, Time)> {
        let key = self.next_outbox;
        self.next_outbox += 1;
        let row = OutboxRow { effect: new.effect, not_before: new.not_before, attempts: 0 };
        batch.put(keys::number(keys::OUTBOX, key), encode(&row)?);
        batch.put(keys::text(b'#', "outbox"), encode(&self.next_outbox)?);
        Ok((key, new.not_before))
    }

    fn stage_timer_end(&self, batch: &mut Batch, key: &str) -> Result<()> {
        let name = keys::text(keys::TIMER, key);
        if let Some(bytes) = self.backend.get(&name)? {
            let old: TimerRow = decode(&bytes)?;
            batch.remove(keys::timer_at(old.at.0, key));
            batch.remove(name);
        }
        Ok(())
    }

    fn stage_dirty(&self, batch: &mut Batch, surface: &Surface, wanted: u64, to_tell: u64) -> Result<()> {
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
        stage_due(batch, &row);
        batch.put(key, encode(&row)?);
        Ok(())
    }

    fn stage_ends(
        &mut self,
        batch: &mut Batch,
        delivery: Option<(u64, u64)>,
        effect: Option<(u64, u64)>,
        dead: Option<&str>,
    ) -> Result<()> {
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
                let letter = DeadLetter { key: self.next_dead, at, what: what.into(), why: why.into(), body };
                batch.put(keys::number(keys::DEAD, self.next_dead), encode(&letter)?);
                self.next_dead += 1;
            }
            batch.remove(name);
        }
        Ok(())
    }

    fn put_publication(&mut self, surface: &Surface, publication: &Publication) -> Result<()> {
        let key = keys::surface(surface);
        let stored = self.backend.get(&key)?;
        let have =
            stored.map(|bytes| decode::<SurfaceRow>(&bytes)).transpose()?.map_or(0, |row| row.publication.version);
        if have + 1 != publication.version {
            return Err(StoreError::Conflict(format!("the card of {} is at version {have}", surface.incident)));
        }
        let mut batch = Batch::default();
        if let Some(message) = &publication.message {
            let thread = crate::domain::actor::Thread {
                platform: surface.platform.clone(),
                channel: surface.channel.clone(),
                message: message.clone(),
            };
            batch.put(keys::bound(&thread), encode(&surface.incident)?);
        }
        let row = SurfaceRow { surface: surface.clone(), publication: publication.clone() };
        stage_due(&mut batch, &row);
        batch.put(key, encode(&row)?);
        self.backend.apply(&batch)
    }

    fn compact(&mut self, before: Before) -> Result<u64> {
        let mut batch = Batch::default();
        // GitHub re-runs what is up to 30 days old: a run is known for as long.
        let runs_before = before.seen.plus_ms(-30 * DAY_MS);
        for (key, value) in self.all(keys::SEEN)? {
            if decode::<SeenRow>(&value)?.at < before.seen {
                batch.remove(key);
            }
        }
        for (key, value) in self.all(keys::RUN)? {
            if decode::<crate::domain::facts::RunSeen>(&value)?.at < runs_before {
                batch.remove(key);
            }
        }
        let mut gone = Vec::new();
        for (key, value) in self.all(keys::INCIDENT)? {
            let incident: Incident = decode(&value)?;
            if incident.closed_at.is_some_and(|at| at < before.closed) {
                batch.remove(key);
                batch.remove(keys::number(keys::AWAITING, incident.no.0));
                gone.push(incident.no);
            }
        }
        for no in gone {
            self.compact_incident(&mut batch, no)?;
        }
        history::retain(&*self.backend, &mut batch, before.history.0)?;
        let count = batch.0.len() as u64;
        self.backend.apply(&batch)?;
        self.sweep_files()?;
        Ok(count)
    }

    fn compact_incident(&self, batch: &mut Batch, no: IncidentNo) -> Result<()> {
        audit::forget(&*self.backend, batch, no)?;
        for (key, _) in self.backend.scan(&keys::number(keys::JOURNAL, no.0), &[], usize::MAX)? {
            batch.remove(key);
        }
        for (key, value) in self.backend.scan(&keys::number(keys::SURFACE, no.0), &[], usize::MAX)? {
            let row: SurfaceRow = decode(&value)?;
            let row_surface = row.surface.clone();
            if let Some(message) = row.publication.message {
                let Surface { platform, channel, .. } = row.surface;
                batch.remove(keys::bound(&crate::domain::actor::Thread { platform, channel, message }));
            }
            batch.remove(keys::dirty(&row_surface));
            batch.remove(key);
        }
        Ok(())
    }

    /// Content files that no record refers to.
    fn sweep_files(&mut self) -> Result<()> {
        let mut named = HashSet::new();
        for table in content::TABLES {
            for (_, value) in self.all(table)? {
                content::mentioned(table, &value, &mut named);
            }
        }
        self.unnamed.retain(|name| !named.contains(name));
        self.backend.sweep_files(&|name| named.contains(name) || self.unnamed.contains(name)).map(|_| ())
    }
}

/// Keeps the table of surfaces that are behind in step with the surface.
fn stage_due(batch: &mut Batch, row: &SurfaceRow) {
    let key = keys::dirty(&row.surface);
    let kind = if row.publication.is_first() { keys::DIRTY_FIRST } else { keys::DIRTY_UPDATE };
    if row.publication.is_due() { batch.put(key, kind.to_vec()) } else { batch.remove(key) }
}

fn check(leases: &HashMap<u64, Lease>, key: u64, token: u64) -> Result<()> {
    match leases.get(&key) {
        Some(lease) if lease.token == token => Ok(()),
        _ => Err(StoreError::Conflict("the lease is over".into())),
    }
}

/// The version alone, without the rest of the record.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Serialize, Deserialize)]
pub struct SurfaceRow {
    pub surface: Surface,
    pub publication: Publication,
}
