//! What each write does. Only the writer thread is here, so a check and its change cannot be parted.

use super::backend::{Backend, Batch, Still};
use super::rows::{InboxRow, OutboxRow, broken, decode};
use super::stage::{self, Numbers};
use super::{audit, history, keys, of_repo};
use crate::domain::effect::Effect;
use crate::domain::outcome::Outcome;
use crate::domain::time::Time;
use crate::ports::{Before, Claimed, Delivery, Publication, Put, Recorded, StoreError, Surface, Turn};
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
    /// Removes content files that nothing named, neither now nor when it was compacted: that is durable by then.
    Sweep,
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
            Self::ClaimDelivery { .. }
                | Self::ClaimEffect { .. }
                | Self::PutFile { .. }
                | Self::Sweep
                | Self::Still
                | Self::Probe
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

struct Lease {
    token: u64,
    until: Time,
}

struct Next {
    inbox: u64,
    outbox: u64,
    dead: u64,
}

fn take(next: &mut u64) -> u64 {
    let taken = *next;
    *next += 1;
    taken
}

impl Numbers for Next {
    fn inbox(&mut self) -> Result<u64> {
        Ok(take(&mut self.inbox))
    }

    fn outbox(&mut self) -> Result<u64> {
        Ok(take(&mut self.outbox))
    }

    fn dead(&mut self) -> Result<u64> {
        Ok(take(&mut self.dead))
    }
}

/// The writer's own state: next numbers, queues in memory, leases.
pub struct Writing<B> {
    backend: Arc<B>,
    next: Next,
    next_lease: u64,
    /// Inbox keys in order, with how often each was claimed.
    inbox: BTreeMap<u64, u32>,
    /// Outbox keys with their due time.
    outbox: BTreeMap<u64, Time>,
    inbox_leases: HashMap<u64, Lease>,
    outbox_leases: HashMap<u64, Lease>,
    /// Content files that were put since we started and that no record names yet: it is on its way.
    unnamed: HashSet<String>,
    /// Content files that records named when the store was last compacted, until it is swept.
    named: HashSet<String>,
    /// Names of history that were looked up lately.
    names: history::Names,
}

type Result<T> = std::result::Result<T, StoreError>;

impl<B: Backend> Writing<B> {
    pub fn open(backend: Arc<B>) -> Result<Self> {
        audit::fill(&*backend)?;
        of_repo::fill(&*backend)?;
        let mut writing = Self {
            backend,
            next: Next { inbox: 1, outbox: 1, dead: 1 },
            next_lease: 1,
            inbox: BTreeMap::new(),
            outbox: BTreeMap::new(),
            inbox_leases: HashMap::new(),
            outbox_leases: HashMap::new(),
            unnamed: HashSet::new(),
            named: HashSet::new(),
            names: history::Names::default(),
        };
        for (key, _) in writing.all(keys::INBOX)? {
            writing.inbox.insert(keys::last_number(&key), 0);
        }
        for (key, value) in writing.all(keys::OUTBOX)? {
            writing.outbox.insert(keys::last_number(&key), decode::<OutboxRow>(&value)?.not_before);
        }
        // An inbox key names nothing outside the inbox, so it may be used again.
        writing.next.inbox = writing.inbox.keys().last().map_or(1, |n| n + 1);
        writing.next.outbox =
            stage::next_effect(&*writing.backend)?.max(writing.outbox.keys().last().map_or(1, |n| n + 1));
        writing.next.dead = writing.all(keys::DEAD)?.last().map_or(1, |(key, _)| keys::last_number(key) + 1);
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
            Write::Sweep => self.sweep_files().map(|()| Answer::Done),
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
            match stage::put(&*self.backend, &mut self.next, &mut batch, row)? {
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
        self.backend.apply(&stage::retry(&*self.backend, key, not_before)?)?;
        self.outbox.insert(key, not_before);
        self.outbox_leases.remove(&key);
        Ok(())
    }

    /// Everything is checked before anything is changed.
    fn commit(&mut self, turn: Turn) -> Result<()> {
        let (delivery, effect) = (turn.delivery, turn.effect);
        if let Some((key, token)) = delivery {
            check(&self.inbox_leases, key, token)?;
        }
        if let Some((key, token)) = effect {
            check(&self.outbox_leases, key, token)?;
        }
        let names_used = !turn.outcomes.is_empty();
        let staged = stage::turn(&*self.backend, &mut self.next, &mut self.names, turn)
            .and_then(|staged| self.backend.apply(&staged.batch).map(|()| staged));
        if staged.is_err() && names_used {
            self.names.reset();
        }
        let staged = staged?;
        if let Some((key, _)) = delivery {
            self.inbox.remove(&key);
            self.inbox_leases.remove(&key);
        }
        if let Some((key, _)) = effect {
            self.outbox.remove(&key);
            self.outbox_leases.remove(&key);
        }
        self.outbox.extend(staged.outbox);
        self.inbox.extend(staged.inbox.into_iter().map(|key| (key, 0)));
        Ok(())
    }

    fn put_publication(&mut self, surface: &Surface, publication: &Publication) -> Result<()> {
        self.backend.apply(&stage::publication(&*self.backend, surface, publication)?)
    }

    fn compact(&mut self, before: Before) -> Result<u64> {
        let batch = stage::compact(&*self.backend, before)?;
        self.backend.apply(&batch)?;
        self.named = stage::named_files(&*self.backend)?;
        Ok(batch.0.len() as u64)
    }

    /// Content files that no record refers to, and that none refers to which a crash could bring back.
    fn sweep_files(&mut self) -> Result<()> {
        let (then, named) = (std::mem::take(&mut self.named), stage::named_files(&*self.backend)?);
        self.unnamed.retain(|name| !named.contains(name));
        let keep = |name: &str| named.contains(name) || then.contains(name) || self.unnamed.contains(name);
        self.backend.sweep_files(&keep).map(|_| ())
    }
}

fn check(leases: &HashMap<u64, Lease>, key: u64, token: u64) -> Result<()> {
    match leases.get(&key) {
        Some(lease) if lease.token == token => Ok(()),
        _ => Err(StoreError::Conflict("the lease is over".into())),
    }
}
