//! Transactions that read before they write.
//!
//! They take turns by an advisory lock, in all replicas: what one has read does not change before it has written, so
//! `READ COMMITTED` is enough, and nothing has to be tried again because others were at work. Deliveries and claims do
//! not wait for it: a delivery's id is unique, and a claim is one statement.

use super::link::{Link, TRIES};
use super::session::{Given, Session, ask, ask_all, signed};
use crate::ports::{StoreError, Turn};
use crate::store::backend::Backend;
use crate::store::history::Names;
use crate::store::stage::{self, Numbers};
use crate::store::{backend::Batch, keys};
use futures::future::{Either, ready};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// The lock is released with the transaction, however that ends.
const BEGIN: &str = "BEGIN; SELECT pg_advisory_xact_lock(7230091, 2)";
const STATE: &str = "SELECT epoch, historian, pg_current_xact_id()::text FROM state";
const LEASES: &str = "SELECT work.queue, work.key, work.lease FROM work \
    JOIN unnest($1::smallint[], $2::bigint[]) AS asked (queue, key) \
    ON work.queue = asked.queue AND work.key = asked.key FOR UPDATE OF work";
const HISTORIAN: &str = "UPDATE state SET historian = $1";
pub const NEXT_INBOX: &str = "SELECT nextval('inbox_keys')";
const NOTIFY: &str = "SELECT pg_notify('ci_rescue', $1)";
const STATUS: &str = "SELECT pg_xact_status($1::text::xid8)";
/// How often an outcome is looked up, and how long apart: as long as a server takes to start again after a crash.
const LOOKS: u32 = 120;
const APART: Duration = Duration::from_millis(250);

/// Writes that read first.
pub struct Writer {
    pub link: Arc<Link>,
    /// Names of history that were looked up lately; whoever holds it writes.
    names: Mutex<Names>,
    /// This process among the replicas.
    pub process: i64,
    /// Counts the changes of leader; 0 while this process does not lead.
    pub epoch: Arc<AtomicI64>,
}

/// What has to be so before anything is written.
#[derive(Clone, Default)]
pub struct Demand {
    /// Only for the replica that leads.
    pub leading: bool,
    /// Queue, key and lease of claims that are answered.
    pub claims: Vec<(u8, u64, u64)>,
    /// Rows that will be asked for: one answer brings them all.
    pub known: Vec<Vec<u8>>,
    /// Names of history are numbered.
    pub numbers_names: bool,
}

/// A transaction that was begun.
pub struct Begun<'a> {
    pub session: &'a Session,
    pub names: &'a mut Names,
}

pub fn next_inbox(session: &Session) -> Result<u64, StoreError> {
    let rows = session.ask(NEXT_INBOX, Vec::new())?;
    Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).cast_unsigned()))
}

/// The highest number in a table.
pub fn last(session: &Session, table: u8) -> Result<u64, StoreError> {
    let newest = session.scan_down(&[table], &[table + 1], 1)?;
    Ok(newest.first().map_or(0, |(key, _)| keys::last_number(key)))
}

/// Numbers of one transaction.
pub struct Counted<'a> {
    session: &'a Session,
    outbox: Option<u64>,
    dead: Option<u64>,
}

impl<'a> Counted<'a> {
    pub fn new(session: &'a Session) -> Self {
        Self { session, outbox: None, dead: None }
    }
}

impl Numbers for Counted<'_> {
    fn inbox(&mut self) -> Result<u64, StoreError> {
        next_inbox(self.session)
    }

    fn outbox(&mut self) -> Result<u64, StoreError> {
        let next = match self.outbox {
            Some(next) => next,
            None => stage::next_effect(self.session)?.max(last(self.session, keys::OUTBOX)? + 1),
        };
        self.outbox = Some(next + 1);
        Ok(next)
    }

    fn dead(&mut self) -> Result<u64, StoreError> {
        let next = match self.dead {
            Some(next) => next,
            None => last(self.session, keys::DEAD)? + 1,
        };
        self.dead = Some(next + 1);
        Ok(next)
    }
}

/// The rows that a turn will ask for.
fn rows_of(turn: &Turn) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    let settings = turn.expect.iter().map(|(key, _)| key).chain(&turn.bump);
    all.extend(settings.map(|key| keys::text(keys::SETTING, key)));
    all.extend(turn.incidents.iter().map(|incident| keys::number(keys::INCIDENT, incident.no.0)));
    all.extend(turn.journal.iter().map(|(no, _)| keys::number(keys::AUDIT_OF, no.0)));
    all.extend(turn.deliveries.iter().map(|delivery| keys::text(keys::SEEN, &delivery.id)));
    let timers = turn.timer.iter().map(|(key, _)| key).chain(&turn.cancel_timers);
    all.extend(timers.chain(turn.timers.iter().map(|timer| &timer.key)).map(|key| keys::text(keys::TIMER, key)));
    all.extend(turn.dirty.iter().map(|(surface, ..)| keys::surface(surface)));
    if !turn.effects.is_empty() {
        all.push(keys::text(b'#', "outbox"));
    }
    all.sort();
    all.dedup();
    all
}

impl Demand {
    pub fn of(turn: &Turn) -> Self {
        let claim = |queue: u8, claim: Option<(u64, u64)>| claim.map(|(key, lease)| (queue, key, lease));
        let claims: Vec<_> =
            claim(keys::INBOX, turn.delivery).into_iter().chain(claim(keys::OUTBOX, turn.effect)).collect();
        Self {
            leading: !claims.is_empty() || turn.timer.is_some(),
            claims,
            known: rows_of(turn),
            numbers_names: !turn.outcomes.is_empty(),
        }
    }

    pub fn claimed(queue: u8, key: u64, lease: u64) -> Self {
        Self { claims: vec![(queue, key, lease)], ..Self::leading() }
    }

    pub fn leading() -> Self {
        Self { leading: true, ..Self::default() }
    }
}

impl Writer {
    pub fn new(link: Arc<Link>, process: i64) -> Self {
        Self { link, names: Mutex::default(), process, epoch: Arc::default() }
    }

    /// One transaction. `work` may run more than once: when the connection was lost before the end.
    pub fn write<T>(
        &self,
        demand: &Demand,
        work: impl Fn(&mut Begun<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tried = 0;
        loop {
            tried += 1;
            let session = self.link.session()?;
            let begun = self.begin(&session, demand, &mut names);
            let done = begun.and_then(|transaction| {
                let mut begun = Begun { session: &session, names: &mut names };
                work(&mut begun).map(|done| (transaction, done))
            });
            let failed = match done {
                Ok((transaction, done)) => match self.commit(session, &transaction) {
                    Ok(true) => return Ok(done),
                    Ok(false) => StoreError::Broken(format!("PostgreSQL at {} gave up a write", self.link.shown)),
                    Err(why) => return Err(why),
                },
                Err(why) if session.may_repeat() => why,
                Err(why) => {
                    Self::forget(demand, &mut names);
                    return Err(why);
                }
            };
            Self::forget(demand, &mut names);
            if tried >= TRIES {
                return Err(failed);
            }
        }
    }

    /// Numbers that were given out in a transaction that did not happen do not exist.
    fn forget(demand: &Demand, names: &mut Names) {
        if demand.numbers_names {
            names.reset();
        }
    }

    /// Begins a transaction and checks what has to be so; answers its number.
    fn begin(&self, session: &Session, demand: &Demand, names: &mut Names) -> Result<String, StoreError> {
        session.busy();
        let (known, claims) = (demand.known.clone(), demand.claims.clone());
        let (state, leases, rows) = session.run(move |held| async move {
            let Ok(client) = held.client() else { return Ok((Vec::new(), Vec::new(), Vec::new())) };
            let queues: Vec<i16> = claims.iter().map(|(queue, ..)| i16::from(*queue)).collect();
            let numbers: Vec<i64> = claims.iter().map(|(_, key, _)| signed(*key)).collect();
            let asked: [Given; 2] = [Box::new(queues), Box::new(numbers)];
            let leases = if claims.is_empty() {
                Either::Left(ready(Ok(Vec::new())))
            } else {
                Either::Right(ask(&held, LEASES, &asked))
            };
            // Sent one behind the other, and answered together.
            let (begun, state) = (client.batch_execute(BEGIN), ask(&held, STATE, &[]));
            let ((), state, leases, rows) = tokio::try_join!(begun, state, leases, ask_all(&held, known))?;
            Ok((state, leases, rows))
        })?;
        let state = state.first().ok_or_else(|| StoreError::Broken("the database's table state is empty".into()))?;
        let (epoch, historian, transaction): (i64, i64, String) = (state.get(0), state.get(1), state.get(2));
        if demand.leading && epoch != self.epoch.load(Ordering::Acquire) {
            return Err(StoreError::Conflict("another replica leads".into()));
        }
        for (queue, key, lease) in &demand.claims {
            let held = leases.iter().any(|row| {
                (row.get::<_, i16>(0), row.get::<_, i64>(1), row.get::<_, i64>(2))
                    == (i16::from(*queue), signed(*key), signed(*lease))
            });
            if !held {
                return Err(StoreError::Conflict("the lease is over".into()));
            }
        }
        session.know(demand.known.clone(), &rows);
        if demand.numbers_names && historian != self.process {
            names.reset();
            session.tell(HISTORIAN, vec![Box::new(self.process)])?;
        }
        Ok(transaction)
    }

    /// Whether a transaction was kept. Where the answer is lost it is looked up, never guessed.
    ///
    /// # Errors
    /// It could not be looked up.
    pub fn commit(&self, session: Session, transaction: &str) -> Result<bool, StoreError> {
        if session.say("COMMIT").is_ok() {
            session.done();
            return Ok(true);
        }
        drop(session);
        let mut last = StoreError::Broken(format!("PostgreSQL at {} does not answer", self.link.shown));
        for _ in 0..LOOKS {
            let looked = self.link.session().and_then(|session| {
                let rows = session.ask(STATUS, vec![Box::new(transaction.to_owned())])?;
                Ok(rows.first().and_then(|row| row.get::<_, Option<String>>(0)))
            });
            match looked {
                Ok(Some(status)) if status == "committed" => return Ok(true),
                // Its session has not ended yet.
                Ok(Some(status)) if status == "in progress" => {}
                Ok(_) => return Ok(false),
                Err(why) => last = why,
            }
            std::thread::sleep(APART);
        }
        Err(last)
    }

    /// Tells the other replicas, when the transaction is kept, that there is something to look at.
    pub fn notify(&self, session: &Session) -> Result<(), StoreError> {
        session.ask(NOTIFY, vec![Box::new(self.process.to_string())]).map(drop)
    }

    /// A batch that was staged within a transaction, and word of it.
    pub fn apply(&self, session: &Session, batch: &Batch) -> Result<(), StoreError> {
        session.apply(batch)?;
        self.notify(session)
    }
}
