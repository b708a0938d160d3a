//! A store that several replicas share: PostgreSQL 14 or newer.
//!
//! The rows are those of a [`Ledger`](super::Ledger), and so is the logic: it reads and writes over one connection, in
//! one transaction. What is PostgreSQL's own:
//!
//! - Transactions that read before they write take turns by an advisory lock (`writer`).
//! - Deliveries are put in beside that, several in one transaction; claims are one statement each, `FOR UPDATE SKIP
//!   LOCKED`, and their leases are by the server's clock (`queues`).
//! - One replica leads (`lead`). Its epoch is checked by whatever only a leader may write.
//! - An outcome that was lost with its connection is looked up (`writer`).
//! - Tables are made and changed by the program (`schema`).

#![allow(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of a type that borrows is not general enough to be named"
)]

mod address;
mod lead;
mod link;
mod load;
mod queues;
mod schema;
mod session;
mod still;
mod writer;

pub use address::{Address, is_address};

use super::backend::Backend;
use super::disk::OpenError;
use super::overlay::Overlay;
use super::reads::Reads;
use super::recent::Recent;
use super::{audit, history, of_repo, reading, stage};
use crate::domain::actor::{Platform, Thread};
use crate::domain::effect::Effect;
use crate::domain::facts::RunSeen;
use crate::domain::ids::{Digest, IncidentNo};
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::outcome::Outcome;
use crate::domain::past::Row;
use crate::domain::time::Time;
use crate::ports::{
    Before, Checks, Claimed, Counts, DeadLetter, Delivery, Due, History, INSTALLATION, Lines, Named, Pasts,
    Publication, Put, Query, Recorded, Replicas, Spot, Store, StoreError, Surface, TimerRow, Turn,
};
use async_trait::async_trait;
use lead::Seat;
use link::Link;
use queues::Intake;
use session::Session;
use std::sync::{Arc, Mutex, PoisonError};
use writer::{Begun, Counted, Demand, Writer};

type Result<T> = std::result::Result<T, StoreError>;

/// Long enough for the client of a long list.
const SLOWLY: &str = "SET LOCAL idle_in_transaction_session_timeout = '60s'";
const TAKES_WRITES: &str = "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'";

/// The whole store in a database.
pub struct Postgres {
    writer: Arc<Writer>,
    intake: Intake,
    seat: Mutex<Option<Arc<Seat>>>,
    recent: Arc<Recent>,
}

impl Postgres {
    /// Connects, and makes or updates the tables. It blocks while it does.
    ///
    /// # Errors
    /// The database cannot be used: the text says what to do.
    pub fn open(address: &Address) -> std::result::Result<Self, OpenError> {
        let link = Self::link(address)?;
        schema::migrate(&link)?;
        let process = queues::token().map_err(OpenError::from)?.cast_signed();
        let writer = Arc::new(Writer::new(link, process));
        let behind = |session: &Session| Ok(audit::is_behind(session)? || of_repo::is_behind(session)?);
        if writer.link.repeat(behind).map_err(OpenError::from)? {
            let fill = |begun: &mut Begun<'_>| {
                begun.session.say(SLOWLY)?;
                audit::fill(begun.session)?;
                of_repo::fill(begun.session)
            };
            writer.write(&Demand::default(), fill).map_err(OpenError::from)?;
        }
        let intake = Intake::start(&writer).map_err(OpenError::from)?;
        Ok(Self { writer, intake, seat: Mutex::default(), recent: Arc::default() })
    }

    /// Whether the database can be used, without changing anything in it; answers where it is.
    ///
    /// # Errors
    /// It cannot: the text says what to do.
    pub fn look(address: &Address) -> std::result::Result<String, OpenError> {
        let link = Self::link(address)?;
        let session = link.session().map_err(OpenError::from)?;
        let reached = schema::reached(&session).map_err(OpenError::from)?;
        schema::judge(reached.as_ref(), &link.shown)?;
        let made = if reached.is_some() { "" } else { ", its tables made at the first start" };
        Ok(format!("PostgreSQL at {}{made}", link.shown))
    }

    /// An address as people may see it; `None` where it cannot be read.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn shown(address: &Address) -> std::result::Result<String, String> {
        address::read(&address.url).map(|config| address::shown(&config))
    }

    fn link(address: &Address) -> std::result::Result<Arc<Link>, OpenError> {
        let link = Arc::new(Link::new(address)?);
        link.check()?;
        Ok(link)
    }

    fn writer(&self) -> &Writer {
        &self.writer
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl Fn(&Reads<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let recent = Arc::clone(&self.recent);
        self.writer.link.apart(move |link| link.repeat(|session| work(&Reads(session, &recent)))).await
    }

    async fn session<T: Send + 'static>(
        &self,
        work: impl Fn(&Session) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        self.writer.link.apart(move |link| link.repeat(work)).await
    }

    async fn write<T: Send + 'static>(
        &self,
        demand: Demand,
        work: impl Fn(&Writer, &mut Begun<'_>) -> Result<T> + Send + Sync + 'static,
    ) -> Result<T> {
        let writer = self.writer.clone();
        self.writer.link.apart(move |_| writer.write(&demand, |begun| work(&writer, begun))).await
    }
}

#[async_trait]
impl Store for Postgres {
    async fn put_delivery(&self, delivery: Delivery) -> Result<Put> {
        self.intake.put(delivery).await
    }

    async fn has_taken(&self, id: &str) -> Result<bool> {
        let id = id.to_owned();
        self.read(move |reads| reads.has_taken(&id)).await
    }

    async fn claim_delivery(&self, now: Time, lease_ms: i64) -> Result<Option<Claimed<Delivery>>> {
        let writer = self.writer.clone();
        self.writer.link.apart(move |_| queues::claim_delivery(&writer, now, lease_ms)).await
    }

    async fn release_delivery(&self, claim: (u64, u64)) -> Result<()> {
        self.writer.link.apart(move |link| queues::release_delivery(link, claim)).await
    }

    async fn claim_effect(&self, now: Time, lease_ms: i64) -> Result<Option<Claimed<Effect>>> {
        let writer = self.writer.clone();
        self.writer.link.apart(move |_| queues::claim_effect(&writer, now, lease_ms)).await
    }

    async fn commit(&self, turn: Turn) -> Result<()> {
        let demand = Demand::of(&turn);
        self.write(demand, move |writer, begun| {
            let mut numbers = Counted::new(begun.session);
            let staged = stage::turn(begun.session, &mut numbers, begun.names, turn.clone())?;
            writer.apply(begun.session, &staged.batch)
        })
        .await
    }

    async fn retry_effect(&self, (key, lease): (u64, u64), not_before: Time) -> Result<()> {
        let demand = Demand::claimed(super::keys::OUTBOX, key, lease);
        self.write(demand, move |_, begun| begun.session.apply(&stage::retry(begun.session, key, not_before)?)).await
    }

    async fn due_timers(&self, now: Time, limit: usize) -> Result<Vec<TimerRow>> {
        self.read(move |reads| reads.due_timers(now, limit)).await
    }

    async fn incident(&self, no: IncidentNo) -> Result<Option<Incident>> {
        self.read(move |reads| reads.incident(no)).await
    }

    async fn incidents(&self, query: &Query) -> Result<Vec<Incident>> {
        let query = query.clone();
        self.read(move |reads| reads.incidents(&query)).await
    }

    async fn journal(&self, no: IncidentNo, after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.read(move |reads| reads.journal(no, after, limit)).await
    }

    async fn audited(&self) -> Result<Vec<String>> {
        self.read(|reads| reads.audited()).await
    }

    async fn audit_name(&self, no: IncidentNo) -> Result<Option<String>> {
        self.read(move |reads| reads.audit_name(no)).await
    }

    async fn audit(&self, name: &str, before: Option<Spot>, limit: usize) -> Result<Vec<(Spot, Entry)>> {
        let name = name.to_owned();
        self.read(move |reads| reads.audit(&name, before, limit)).await
    }

    async fn runs(&self) -> Result<Vec<(String, RunSeen)>> {
        self.read(|reads| reads.runs()).await
    }

    async fn setting(&self, key: &str) -> Result<Option<serde_json::Value>> {
        let key = key.to_owned();
        self.read(move |reads| reads.setting(&key)).await
    }

    async fn settings(&self, prefix: &str) -> Result<Vec<(String, serde_json::Value)>> {
        let prefix = prefix.to_owned();
        self.read(move |reads| reads.settings(&prefix)).await
    }

    async fn due_publications(
        &self,
        platform: &Platform,
        due: Due,
        now: Time,
        busy: &[String],
        limit: usize,
    ) -> Result<Vec<(Surface, Publication)>> {
        let (platform, busy) = (platform.clone(), busy.to_vec());
        self.read(move |reads| reads.due_publications(&platform, due, now, &busy, limit)).await
    }

    async fn surfaces(&self, no: IncidentNo) -> Result<Vec<Surface>> {
        self.read(move |reads| reads.surfaces(no)).await
    }

    async fn publication(&self, surface: &Surface) -> Result<Option<Publication>> {
        let surface = surface.clone();
        self.read(move |reads| reads.publication(&surface)).await
    }

    async fn publications(&self, platform: &Platform) -> Result<Vec<(Surface, Publication)>> {
        let platform = platform.clone();
        self.read(move |reads| reads.publications(&platform)).await
    }

    async fn put_publication(&self, surface: &Surface, publication: Publication) -> Result<()> {
        let surface = surface.clone();
        let demand = Demand { known: vec![super::keys::surface(&surface)], ..Demand::leading() };
        self.write(demand, move |writer, begun| {
            writer.apply(begun.session, &stage::publication(begun.session, &surface, &publication)?)
        })
        .await
    }

    async fn bound(&self, thread: &Thread) -> Result<Option<IncidentNo>> {
        let thread = thread.clone();
        self.read(move |reads| reads.bound(&thread)).await
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<Digest> {
        let digest = Digest::of([bytes.as_slice()]);
        let name = digest.as_str().to_owned();
        self.session(move |session| session.put_file(&name, &bytes)).await?;
        Ok(digest)
    }

    async fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let digest = digest.clone();
        self.read(move |reads| reads.blob(&digest)).await
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>> {
        self.read(move |reads| reads.dead_letters(limit)).await
    }

    async fn counts(&self) -> Result<Counts> {
        self.read(|reads| reads.counts()).await
    }

    async fn compact(&self, before: Before) -> Result<u64> {
        self.write(Demand::leading(), move |_, begun| {
            begun.session.say(SLOWLY)?;
            let batch = stage::compact(begun.session, before)?;
            begun.session.apply(&batch)?;
            let named = stage::named_files(begun.session)?;
            begun.session.sweep_files(&|name| named.contains(name))?;
            Ok(batch.0.len() as u64)
        })
        .await
    }

    fn replicas(&self) -> Result<Option<Arc<dyn Replicas>>> {
        let mut seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner);
        if seat.is_none() {
            let writer = &self.writer;
            *seat = Some(Arc::new(Seat::take(&writer.link, writer.process, &writer.epoch)?));
        }
        Ok(seat.clone().map(|seat| seat as Arc<dyn Replicas>))
    }

    async fn probe(&self) -> Result<()> {
        let link = self.writer.link.clone();
        self.session(move |session| {
            let takes = session.ask(TAKES_WRITES, Vec::new())?.first().is_some_and(|row| row.get(0));
            if takes { Ok(()) } else { Err(super::rows::broken(format!("PostgreSQL at {} is read-only", link.shown))) }
        })
        .await
    }

    async fn backup(&self) -> Result<Lines> {
        let installation = self.setting(INSTALLATION).await?.and_then(|name| name.as_str().map(str::to_owned));
        let still = self.session(|session| session.still()).await?;
        reading::backup(still, installation)
    }

    async fn verify(&self) -> Result<Checks> {
        reading::verify(self.session(|session| session.still()).await?)
    }
}

#[async_trait]
impl History for Postgres {
    async fn record(&self, outcomes: Vec<Outcome>) -> Result<Recorded> {
        let demand = Demand { numbers_names: true, ..Demand::default() };
        self.write(demand, move |_, begun| history::record(begun.session, begun.names, &outcomes)).await
    }

    async fn series(&self, repo: Option<&str>) -> Result<Vec<(u32, Named)>> {
        let repo = repo.map(str::to_owned);
        self.session(move |session| history::Lookup(session).series(repo.as_deref())).await
    }

    async fn executions(&self, series: u32) -> Result<(Vec<Row>, u32)> {
        self.session(move |session| history::Lookup(session).rows(series)).await
    }

    async fn with(&self, outcomes: &[Outcome]) -> Result<Box<dyn Pasts>> {
        let outcomes = outcomes.to_vec();
        let with = move |link: &Arc<Link>| -> Result<Box<dyn Pasts>> {
            let overlay = Overlay::new(Arc::new(link.session()?));
            history::record(&overlay, &mut history::Names::default(), &outcomes)?;
            Ok(Box::new(overlay))
        };
        self.writer.link.apart(with).await
    }
}
