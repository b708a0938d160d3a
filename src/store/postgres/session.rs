//! One connection as a [`Backend`]: the logic over it is that of every store.

use super::link::{Link, wait};
use super::still::Snapshot;
use crate::ports::StoreError;
use crate::store::backend::{Backend, Batch, Pair, Still};
use crate::store::keys;
use crate::store::rows::{OutboxRow, decode};
use deadpool_postgres::Object;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_postgres::Row;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::ToSql;

/// A statement that takes longer has lost its connection.
const PATIENCE: Duration = Duration::from_secs(30);

/// A parameter of a statement.
pub type Given = Box<dyn ToSql + Sync + Send>;

pub const GET: &str = "SELECT value FROM records WHERE key = $1";
const GET_ALL: &str = "SELECT key, value FROM records WHERE key = ANY($1)";
const SCAN: &str = "SELECT key, value FROM records WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3";
const SCAN_ON: &str = "SELECT key, value FROM records WHERE key >= $1 ORDER BY key LIMIT $2";
const SCAN_DOWN: &str = "SELECT key, value FROM records WHERE key >= $1 AND key < $2 ORDER BY key DESC LIMIT $3";
const COUNT: &str = "SELECT count(*) FROM records WHERE key >= $1 AND key < $2";
const REMOVE: &str = "DELETE FROM records WHERE key = ANY($1)";
const PUT: &str = "INSERT INTO records (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
    ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value";
/// Ids of deliveries are put in by others at the same time: whoever comes second starts again and sees it.
const PUT_NEW: &str = "INSERT INTO records (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[])";
const QUEUE: &str = "INSERT INTO work (queue, key, due) \
    SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::bigint[]) \
    ON CONFLICT (queue, key) DO UPDATE SET due = EXCLUDED.due, lease = 0, until = NULL";
const UNQUEUE: &str = "DELETE FROM work USING unnest($1::smallint[], $2::bigint[]) AS gone (queue, key) \
    WHERE work.queue = gone.queue AND work.key = gone.key";
const PUT_FILE: &str = "INSERT INTO files (name, bytes) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET at = now()";
const FILE: &str = "SELECT bytes FROM files WHERE name = $1";
/// What was put today may be on its way to a record.
const OLD_FILES: &str = "SELECT name FROM files WHERE at < now() - interval '1 day'";
const SWEEP: &str = "DELETE FROM files WHERE name = ANY($1) AND at < now() - interval '1 day'";

/// A connection that goes back to the pool only when it holds nothing.
pub struct Held {
    object: Option<Object>,
    clean: AtomicBool,
}

impl Held {
    pub fn client(&self) -> Result<&Object, StoreError> {
        self.object.as_ref().ok_or_else(|| StoreError::Broken("it is closed".into()))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(object) = self.object.take()
            && !self.clean.load(Ordering::Acquire)
        {
            // Closed: the server takes back what was begun.
            drop(Object::take(object));
        }
    }
}

pub struct Session {
    held: Arc<Held>,
    link: Arc<Link>,
    /// What was asked for before, as long as nobody else may write it.
    known: Mutex<HashMap<Vec<u8>, Option<Vec<u8>>>>,
    /// Whether what failed did not happen, and may be done again.
    repeat: AtomicBool,
}

impl Session {
    pub fn new(object: Object, link: Arc<Link>) -> Self {
        let held = Arc::new(Held { object: Some(object), clean: AtomicBool::new(true) });
        Self { held, link, known: Mutex::default(), repeat: AtomicBool::new(false) }
    }

    pub fn link(&self) -> &Arc<Link> {
        &self.link
    }

    /// Something is begun on it: it is closed unless that ends.
    pub fn busy(&self) {
        self.held.clean.store(false, Ordering::Release);
    }

    /// Nothing is begun on it any more: somebody else may have it.
    pub fn done(&self) {
        self.held.clean.store(true, Ordering::Release);
    }

    pub fn may_repeat(&self) -> bool {
        self.repeat.load(Ordering::Acquire)
    }

    /// Runs something on the connection.
    pub fn run<T, F>(&self, work: impl FnOnce(Arc<Held>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, tokio_postgres::Error>> + Send + 'static,
    {
        let work = work(self.held.clone());
        let asked = async move { tokio::time::timeout(PATIENCE, work).await };
        match wait(&self.link.handle()?, asked)? {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(why)) => Err(self.failed(&why)),
            Err(_) => {
                self.busy();
                self.repeat.store(true, Ordering::Release);
                Err(StoreError::Broken(format!("PostgreSQL at {} does not answer", self.link.shown)))
            }
        }
    }

    fn failed(&self, why: &tokio_postgres::Error) -> StoreError {
        let others = [
            SqlState::UNIQUE_VIOLATION,
            SqlState::T_R_DEADLOCK_DETECTED,
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::ADMIN_SHUTDOWN,
            SqlState::CRASH_SHUTDOWN,
            SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
        ];
        let again = why.code().is_none_or(|code| others.contains(code));
        self.repeat.fetch_or(again, Ordering::AcqRel);
        StoreError::Broken(super::address::explain(why, &self.link.config))
    }

    /// The rows that a statement answers.
    pub fn ask(&self, sql: &'static str, given: Vec<Given>) -> Result<Vec<Row>, StoreError> {
        self.run(move |held| async move { ask(&held, sql, &given).await })
    }

    /// How many rows a statement changed.
    pub fn tell(&self, sql: &'static str, given: Vec<Given>) -> Result<u64, StoreError> {
        self.run(move |held| async move {
            let Ok(client) = held.client() else { return Ok(0) };
            let statement = client.prepare_cached(sql).await?;
            client.execute(&statement, &params(&given)).await
        })
    }

    /// Statements without parameters.
    pub fn say(&self, sql: &'static str) -> Result<(), StoreError> {
        self.run(move |held| async move {
            let Ok(client) = held.client() else { return Ok(()) };
            client.batch_execute(sql).await
        })
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Vec<u8>, Option<Vec<u8>>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers rows that were asked for and those of them that are there.
    pub fn know(&self, asked: Vec<Vec<u8>>, found: &[Row]) {
        let mut known = self.known();
        known.extend(asked.into_iter().map(|key| (key, None)));
        known.extend(found.iter().map(|row| (row.get(0), Some(row.get(1)))));
    }
}

pub fn params(given: &[Given]) -> Vec<&(dyn ToSql + Sync)> {
    given.iter().map(|one| &**one as &(dyn ToSql + Sync)).collect()
}

pub async fn ask(held: &Held, sql: &'static str, given: &[Given]) -> Result<Vec<Row>, tokio_postgres::Error> {
    let Ok(client) = held.client() else { return Ok(Vec::new()) };
    let statement = client.prepare_cached(sql).await?;
    client.query(&statement, &params(given)).await
}

/// The rows of some keys: for [`Session::know`].
pub async fn ask_all(held: &Held, keys: Vec<Vec<u8>>) -> Result<Vec<Row>, tokio_postgres::Error> {
    if keys.is_empty() { Ok(Vec::new()) } else { ask(held, GET_ALL, &[Box::new(keys)]).await }
}

fn count(limit: usize) -> Given {
    Box::new(i64::try_from(limit).unwrap_or(i64::MAX))
}

/// The first key behind all that start with a prefix; `None` where every key may.
pub fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

fn pairs(rows: &[Row]) -> Vec<Pair> {
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// A number as PostgreSQL keeps it.
pub fn signed(number: u64) -> i64 {
    number.cast_signed()
}

/// What a batch comes to, as arrays for the statements.
#[derive(Default)]
struct Arrays {
    removed: Vec<Vec<u8>>,
    put: (Vec<Vec<u8>>, Vec<Vec<u8>>),
    new: (Vec<Vec<u8>>, Vec<Vec<u8>>),
    queued: (Vec<i16>, Vec<i64>, Vec<i64>),
    unqueued: (Vec<i16>, Vec<i64>),
}

impl Arrays {
    fn of(batch: &Batch) -> Result<Self, StoreError> {
        // A key that is changed twice is what it was changed to last.
        let last: BTreeMap<&[u8], Option<&[u8]>> =
            batch.0.iter().map(|(key, value)| (key.as_slice(), value.as_deref())).collect();
        let mut all = Self::default();
        for (key, value) in last {
            let table = key.first().copied().unwrap_or_default();
            let number = signed(keys::last_number(key));
            let queue = [keys::INBOX, keys::OUTBOX].contains(&table).then_some(i16::from(table));
            let Some(value) = value else {
                if let Some(queue) = queue {
                    all.unqueued.0.push(queue);
                    all.unqueued.1.push(number);
                }
                all.removed.push(key.to_vec());
                continue;
            };
            if let Some(queue) = queue {
                let due = if table == keys::OUTBOX { decode::<OutboxRow>(value)?.not_before.0 } else { 0 };
                all.queued.0.push(queue);
                all.queued.1.push(number);
                all.queued.2.push(due);
            }
            let to = if table == keys::SEEN { &mut all.new } else { &mut all.put };
            to.0.push(key.to_vec());
            to.1.push(value.to_vec());
        }
        Ok(all)
    }

    fn statements(self) -> Vec<(&'static str, Vec<Given>)> {
        let mut all: Vec<(&'static str, Vec<Given>)> = Vec::new();
        if !self.removed.is_empty() {
            all.push((REMOVE, vec![Box::new(self.removed)]));
        }
        if !self.new.0.is_empty() {
            all.push((PUT_NEW, vec![Box::new(self.new.0), Box::new(self.new.1)]));
        }
        if !self.put.0.is_empty() {
            all.push((PUT, vec![Box::new(self.put.0), Box::new(self.put.1)]));
        }
        if !self.unqueued.0.is_empty() {
            all.push((UNQUEUE, vec![Box::new(self.unqueued.0), Box::new(self.unqueued.1)]));
        }
        if !self.queued.0.is_empty() {
            let (queue, key, due) = self.queued;
            all.push((QUEUE, vec![Box::new(queue), Box::new(key), Box::new(due)]));
        }
        all
    }
}

impl Backend for Session {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(known) = self.known().get(key) {
            return Ok(known.clone());
        }
        let rows = self.ask(GET, vec![Box::new(key.to_vec())])?;
        Ok(rows.first().map(|row| row.get(0)))
    }

    fn get_all(&self, keys: Vec<Vec<u8>>) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let asked = keys.clone();
        let rows = self.run(move |held| async move { ask_all(&held, asked).await })?;
        let mut found: HashMap<Vec<u8>, Vec<u8>> = pairs(&rows).into_iter().collect();
        Ok(keys.iter().map(|key| found.remove(key)).collect())
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let start = prefix.max(from).to_vec();
        let rows = match behind(prefix) {
            Some(end) => self.ask(SCAN, vec![Box::new(start), Box::new(end), count(limit)])?,
            None => self.ask(SCAN_ON, vec![Box::new(start), count(limit)])?,
        };
        Ok(pairs(&rows))
    }

    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        if before < prefix {
            return Ok(Vec::new());
        }
        let end = behind(prefix).map_or(before.to_vec(), |end| end.as_slice().min(before).to_vec());
        Ok(pairs(&self.ask(SCAN_DOWN, vec![Box::new(prefix.to_vec()), Box::new(end), count(limit)])?))
    }

    fn rows(&self, table: u8) -> Result<u64, StoreError> {
        let rows = self.ask(COUNT, vec![Box::new(vec![table]), Box::new(vec![table + 1])])?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0).cast_unsigned()))
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        self.known().clear();
        let statements = Arrays::of(batch)?.statements();
        self.run(move |held| async move {
            let told = statements.iter().map(|(sql, given)| ask(&held, sql, given));
            // Sent one behind the other, and answered together.
            futures::future::try_join_all(told).await.map(drop)
        })
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }

    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.tell(PUT_FILE, vec![Box::new(name.to_owned()), Box::new(bytes.to_vec())]).map(drop)
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.ask(FILE, vec![Box::new(name.to_owned())])?.first().map(|row| row.get(0)))
    }

    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        let names = self.ask(OLD_FILES, Vec::new())?;
        let gone: Vec<String> = names.iter().map(|row| row.get(0)).filter(|name: &String| !keep(name)).collect();
        if gone.is_empty() { Ok(0) } else { self.tell(SWEEP, vec![Box::new(gone)]) }
    }

    fn still(&self) -> Result<Box<dyn Still>, StoreError> {
        Ok(Box::new(Snapshot::open(&self.link)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_with_a_prefix_lie_before_what_is_behind_it(
            prefix in prop::collection::vec(prop_oneof![Just(0_u8), Just(255), any::<u8>()], 1..5),
            rest in prop::collection::vec(any::<u8>(), 0..5),
            other in prop::collection::vec(any::<u8>(), 0..6),
        ) {
            let inside = [prefix.as_slice(), rest.as_slice()].concat();
            let in_range = |key: &[u8]| {
                key >= prefix.as_slice() && behind(&prefix).is_none_or(|end| key < end.as_slice())
            };
            prop_assert!(in_range(&inside));
            prop_assert_eq!(in_range(&other), other.starts_with(&prefix));
        }
    }
}
