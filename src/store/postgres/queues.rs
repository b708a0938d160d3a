//! Deliveries on their way in, and claims.

use super::link::{Link, TRIES};
use super::session::{Given, ask, signed};
use super::writer::Writer;
use crate::domain::effect::Effect;
use crate::domain::time::Time;
use crate::ports::{Claimed, Delivery, Put, StoreError};
use crate::store::keys;
use crate::store::rows::{InboxRow, OutboxRow, SeenRow, broken, decode, encode};
use ring::rand::SecureRandom;
use std::cell::Cell;
use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot};

/// How many deliveries one transaction may carry.
const GROUP_MAX: usize = 512;
/// How many may wait before callers do.
const QUEUE_MAX: usize = 4096;

/// Answers the places of those that are new. Ids that others put in at the same time are waited for.
const PUT: &str = "WITH given AS (
    SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS g (seen, at, value, place)
), fresh AS (
    INSERT INTO records (key, value) SELECT seen, at FROM given ORDER BY place ON CONFLICT DO NOTHING RETURNING key
), numbered AS (
    SELECT place, nextval('inbox_keys') AS key, value FROM
        (SELECT given.* FROM given JOIN fresh ON fresh.key = given.seen ORDER BY place) AS ordered
), kept AS (
    INSERT INTO records (key, value) SELECT '\\x69'::bytea || int8send(key), value FROM numbered
), queued AS (
    INSERT INTO work (queue, key) SELECT 105, key FROM numbered
), told AS (
    SELECT pg_notify('ci_rescue', $4) WHERE EXISTS (SELECT FROM numbered)
) SELECT place, pg_current_xact_id()::text FROM numbered CROSS JOIN told";

/// A lease ends by this server's clock, or with the leadership under which it was given: what a dead process held is
/// free when another takes over.
const CLAIM: &str = "WITH free AS MATERIALIZED (
    SELECT queue, key FROM work
    WHERE queue = $1 AND due <= $2 AND (until IS NULL OR until <= clock_timestamp() OR epoch <> $5)
        AND EXISTS (SELECT FROM state WHERE state.epoch = $5)
    ORDER BY key LIMIT 1 FOR UPDATE SKIP LOCKED
) UPDATE work SET lease = $3, until = clock_timestamp() + make_interval(secs => $4), epoch = $5,
    attempts = work.attempts + 1
FROM free WHERE work.queue = free.queue AND work.key = free.key
RETURNING work.key, work.attempts - 1, (
    SELECT value FROM records
    WHERE records.key = set_byte('\\x00'::bytea, 0, work.queue::int) || int8send(work.key)
)";
/// The claim whose answer was lost.
const CLAIMED: &str = "SELECT work.key, work.attempts - 1, (
    SELECT value FROM records
    WHERE records.key = set_byte('\\x00'::bytea, 0, work.queue::int) || int8send(work.key)
) FROM work WHERE queue = $1 AND lease = $2";
const RELEASE: &str = "UPDATE work SET until = NULL, lease = 0 WHERE queue = $1 AND key = $2 AND lease = $3";

struct Job {
    row: InboxRow,
    answer: oneshot::Sender<Result<Put, StoreError>>,
}

/// Deliveries that arrive together share a transaction.
pub struct Intake(mpsc::Sender<Job>);

impl Intake {
    pub fn start(writer: &Arc<Writer>) -> Result<Self, StoreError> {
        let (queue, mut jobs) = mpsc::channel::<Job>(QUEUE_MAX);
        // It must not keep the connections alive that it runs on.
        let weak = Arc::downgrade(writer);
        writer.link.handle()?.spawn(async move {
            let mut group = Vec::new();
            while jobs.recv_many(&mut group, GROUP_MAX).await > 0 {
                let (rows, callers): (Vec<_>, Vec<_>) = group.drain(..).map(|job| (job.row, job.answer)).unzip();
                let Some(writer) = weak.upgrade() else { return };
                let put = writer.link.clone().apart(move |_| put_all(&writer, &rows)).await;
                for (at, caller) in callers.into_iter().enumerate() {
                    let answer = put.as_ref().map_err(Clone::clone).map(|all| all[at]);
                    // A caller that went away needs no answer; the delivery stands.
                    let _ = caller.send(answer);
                }
            }
        });
        Ok(Self(queue))
    }

    /// Returns after the delivery is kept.
    pub async fn put(&self, delivery: Delivery) -> Result<Put, StoreError> {
        let gone = || broken("it is closed");
        let (answer, done) = oneshot::channel();
        self.0.send(Job { row: InboxRow::of(delivery)?, answer }).await.map_err(|_| gone())?;
        done.await.map_err(|_| gone())?
    }
}

fn put_all(writer: &Writer, rows: &[InboxRow]) -> Result<Vec<Put>, StoreError> {
    let mut tried = 0;
    loop {
        tried += 1;
        let session = writer.link.session()?;
        session.busy();
        let (mut seen, mut at, mut values) = (Vec::new(), Vec::new(), Vec::new());
        let (mut ids, mut places) = (HashSet::new(), Vec::new());
        for (place, row) in rows.iter().enumerate().filter(|(_, row)| ids.insert(&row.id)) {
            seen.push(keys::text(keys::SEEN, &row.id));
            at.push(encode(&SeenRow { at: row.at })?);
            values.push(row.bytes.clone());
            places.push(place);
        }
        let given: Vec<Given> =
            vec![Box::new(seen), Box::new(at), Box::new(values), Box::new(writer.process.to_string())];
        let put = session.run(move |held| async move {
            let Ok(client) = held.client() else { return Ok(Vec::new()) };
            // Sent one behind the other, and answered together.
            let ((), rows) = tokio::try_join!(client.batch_execute("BEGIN"), ask(&held, PUT, &given))?;
            Ok(rows)
        });
        let again = match put {
            Ok(new) => {
                let mut answers = vec![Put::Duplicate; rows.len()];
                for row in &new {
                    let place = usize::try_from(row.get::<_, i64>(0) - 1).unwrap_or(usize::MAX);
                    answers[places[place]] = Put::New;
                }
                // Where nothing is new, nothing is to be kept.
                let Some(transaction) = new.first().map(|row| row.get::<_, String>(1)) else { return Ok(answers) };
                if writer.commit(session, &transaction)? {
                    return Ok(answers);
                }
                broken(format!("PostgreSQL at {} gave up a write", writer.link.shown))
            }
            Err(why) if session.may_repeat() => why,
            Err(why) => return Err(why),
        };
        if tried >= TRIES {
            return Err(again);
        }
    }
}

/// A lease's name: nobody else has the same, in whatever process and after whatever crash.
#[allow(clippy::disallowed_types, reason = "a counter of this process's own would say the same as another's")]
pub fn token() -> Result<u64, StoreError> {
    let mut bytes = [0; 8];
    ring::rand::SystemRandom::new().fill(&mut bytes).map_err(|_| broken("no randomness"))?;
    Ok(u64::from_be_bytes(bytes) >> 1)
}

/// A row of a queue that was claimed: its key, its lease, how often it was claimed before, and what it holds.
type Row = (u64, u64, u32, Vec<u8>);

fn claim(writer: &Writer, queue: u8, now: Time, lease_ms: i64) -> Result<Option<Row>, StoreError> {
    let epoch = writer.epoch.load(Ordering::Acquire);
    if epoch == 0 {
        return Ok(None);
    }
    let lease = token()?;
    let first = Cell::new(true);
    writer.link.repeat(|session| {
        let seconds = std::time::Duration::from_millis(lease_ms.unsigned_abs()).as_secs_f64();
        let given: Vec<Given> = vec![
            Box::new(i16::from(queue)),
            Box::new(now.0),
            Box::new(signed(lease)),
            Box::new(seconds),
            Box::new(epoch),
        ];
        let mut rows = Vec::new();
        if !first.replace(false) {
            rows = session.ask(CLAIMED, vec![Box::new(i16::from(queue)), Box::new(signed(lease))])?;
        }
        if rows.is_empty() {
            rows = session.ask(CLAIM, given)?;
        }
        let Some(row) = rows.first() else { return Ok(None) };
        let value: Option<Vec<u8>> = row.get(2);
        let value = value.ok_or_else(|| broken("what waits in a queue is gone"))?;
        let attempts = u32::try_from(row.get::<_, i32>(1)).unwrap_or_default();
        Ok(Some((row.get::<_, i64>(0).cast_unsigned(), lease, attempts, value)))
    })
}

pub fn claim_delivery(writer: &Writer, now: Time, lease_ms: i64) -> Result<Option<Claimed<Delivery>>, StoreError> {
    let read = |(key, lease, attempts, value): Row| Ok(Claimed { key, lease, attempts, work: InboxRow::read(&value)? });
    claim(writer, keys::INBOX, now, lease_ms)?.map(read).transpose()
}

pub fn claim_effect(writer: &Writer, now: Time, lease_ms: i64) -> Result<Option<Claimed<Effect>>, StoreError> {
    let read = |(key, lease, _, value): Row| {
        let row: OutboxRow = decode(&value)?;
        Ok(Claimed { key, lease, attempts: row.attempts, work: row.effect })
    };
    claim(writer, keys::OUTBOX, now, lease_ms)?.map(read).transpose()
}

pub fn release_delivery(link: &Arc<Link>, (key, lease): (u64, u64)) -> Result<(), StoreError> {
    let given =
        || -> Vec<Given> { vec![Box::new(i16::from(keys::INBOX)), Box::new(signed(key)), Box::new(signed(lease))] };
    match link.repeat(|session| session.tell(RELEASE, given()))? {
        0 => Err(StoreError::Conflict("the lease is over".into())),
        _ => Ok(()),
    }
}
