//! The store port over a backend: reads go straight to it, writes through the writer.

use super::backend::{Backend, Still};
use super::overlay::Overlay;
use super::reads::Reads;
use super::recent::Recent;
use super::rows::{InboxRow, broken};
use super::write::{Answer, Write, Writing};
use super::writer::Writer;
use super::{history, reading};
use crate::domain::actor::{Platform, Thread};
use crate::domain::effect::Effect;
use crate::domain::facts::RunSeen;
use crate::domain::ids::{Digest, IncidentNo};
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::outcome::Outcome;
use crate::domain::past::{Past, Row};
use crate::domain::time::Time;
use crate::ports::{
    Before, Checks, Claimed, Counts, DeadLetter, Delivery, Due, History, INSTALLATION, Lines, Named, Pasts,
    Publication, Put, Query, Recorded, Spot, Store, StoreError, Surface, TimerRow, Turn,
};
use async_trait::async_trait;
use std::sync::Arc;

type Result<T> = std::result::Result<T, StoreError>;

/// The whole store over a [`Backend`].
pub struct Ledger<B> {
    backend: Arc<B>,
    writer: Writer,
    recent: Recent,
}

impl<B: Backend> Ledger<B> {
    /// Reads what is on disk and starts the writer.
    ///
    /// # Errors
    /// A record cannot be read: the store is damaged and must not be taken for an empty one.
    pub fn open(backend: B) -> Result<Self> {
        let backend = Arc::new(backend);
        let writing = Writing::open(Arc::clone(&backend))?;
        let writer = Writer::start(writing, Arc::clone(&backend)).map_err(|why| broken(why.to_string()))?;
        Ok(Self { backend, writer, recent: Recent::default() })
    }

    fn reads(&self) -> Reads<'_> {
        Reads(&*self.backend, &self.recent)
    }

    async fn still(&self) -> Result<Box<dyn Still>> {
        match self.writer.write(Write::Still).await? {
            Answer::Still(still) => Ok(still),
            _ => Err(broken("an unexpected answer")),
        }
    }
}

#[async_trait]
impl<B: Backend> Store for Ledger<B> {
    async fn put_delivery(&self, delivery: Delivery) -> Result<Put> {
        match self.writer.write(Write::PutDelivery(Box::new(InboxRow::of(delivery)?))).await? {
            Answer::Put(put) => Ok(put),
            _ => Err(broken("an unexpected answer")),
        }
    }

    async fn has_taken(&self, id: &str) -> Result<bool> {
        self.reads().has_taken(id)
    }

    async fn claim_delivery(&self, now: Time, lease_ms: i64) -> Result<Option<Claimed<Delivery>>> {
        match self.writer.write(Write::ClaimDelivery { now, lease_ms }).await? {
            Answer::Delivery(claim) => Ok(claim.map(|claim| *claim)),
            _ => Err(broken("an unexpected answer")),
        }
    }

    async fn release_delivery(&self, claim: (u64, u64)) -> Result<()> {
        self.writer.write(Write::ReleaseDelivery { claim }).await.map(|_| ())
    }

    async fn claim_effect(&self, now: Time, lease_ms: i64) -> Result<Option<Claimed<Effect>>> {
        match self.writer.write(Write::ClaimEffect { now, lease_ms }).await? {
            Answer::Effect(claim) => Ok(claim.map(|claim| *claim)),
            _ => Err(broken("an unexpected answer")),
        }
    }

    async fn commit(&self, turn: Turn) -> Result<()> {
        self.writer.write(Write::Commit(Box::new(turn))).await.map(|_| ())
    }

    async fn retry_effect(&self, claim: (u64, u64), not_before: Time) -> Result<()> {
        self.writer.write(Write::RetryEffect { claim, not_before }).await.map(|_| ())
    }

    async fn due_timers(&self, now: Time, limit: usize) -> Result<Vec<TimerRow>> {
        self.reads().due_timers(now, limit)
    }

    async fn incident(&self, no: IncidentNo) -> Result<Option<Incident>> {
        self.reads().incident(no)
    }

    async fn incidents(&self, query: &Query) -> Result<Vec<Incident>> {
        self.reads().incidents(query)
    }

    async fn journal(&self, no: IncidentNo, after: u64, limit: usize) -> Result<Vec<Entry>> {
        self.reads().journal(no, after, limit)
    }

    async fn audited(&self) -> Result<Vec<String>> {
        self.reads().audited()
    }

    async fn audit_name(&self, no: IncidentNo) -> Result<Option<String>> {
        self.reads().audit_name(no)
    }

    async fn audit(&self, name: &str, before: Option<Spot>, limit: usize) -> Result<Vec<(Spot, Entry)>> {
        self.reads().audit(name, before, limit)
    }

    async fn runs(&self) -> Result<Vec<(String, RunSeen)>> {
        self.reads().runs()
    }

    async fn setting(&self, key: &str) -> Result<Option<serde_json::Value>> {
        self.reads().setting(key)
    }

    async fn settings(&self, prefix: &str) -> Result<Vec<(String, serde_json::Value)>> {
        self.reads().settings(prefix)
    }

    async fn due_publications(
        &self,
        platform: &Platform,
        due: Due,
        now: Time,
        busy: &[String],
        limit: usize,
    ) -> Result<Vec<(Surface, Publication)>> {
        self.reads().due_publications(platform, due, now, busy, limit)
    }

    async fn surfaces(&self, no: IncidentNo) -> Result<Vec<Surface>> {
        self.reads().surfaces(no)
    }

    async fn publication(&self, surface: &Surface) -> Result<Option<Publication>> {
        self.reads().publication(surface)
    }

    async fn publications(&self, platform: &Platform) -> Result<Vec<(Surface, Publication)>> {
        self.reads().publications(platform)
    }

    async fn put_publication(&self, surface: &Surface, publication: Publication) -> Result<()> {
        let write = Write::PutPublication { surface: surface.clone(), publication: Box::new(publication) };
        self.writer.write(write).await.map(|_| ())
    }

    async fn bound(&self, thread: &Thread) -> Result<Option<IncidentNo>> {
        self.reads().bound(thread)
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<Digest> {
        let digest = Digest::of([bytes.as_slice()]);
        self.writer.write(Write::PutFile { name: digest.as_str().to_owned(), bytes }).await?;
        Ok(digest)
    }

    async fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        self.reads().blob(digest)
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>> {
        self.reads().dead_letters(limit)
    }

    async fn counts(&self) -> Result<Counts> {
        self.reads().counts()
    }

    async fn compact(&self, before: Before) -> Result<u64> {
        let Answer::Count(count) = self.writer.write(Write::Compact(before)).await? else {
            return Err(broken("an unexpected answer"));
        };
        self.writer.write(Write::Sweep).await?;
        Ok(count)
    }

    async fn probe(&self) -> Result<()> {
        self.writer.write(Write::Probe).await.map(|_| ())
    }

    async fn backup(&self) -> Result<Lines> {
        let installation = self.setting(INSTALLATION).await?.and_then(|name| name.as_str().map(str::to_owned));
        reading::backup(self.still().await?, installation)
    }

    async fn verify(&self) -> Result<Checks> {
        reading::verify(self.still().await?)
    }
}

#[async_trait]
impl<B: Backend> History for Ledger<B> {
    async fn record(&self, outcomes: Vec<Outcome>) -> Result<Recorded> {
        match self.writer.write(Write::Record(outcomes)).await? {
            Answer::Recorded(recorded) => Ok(recorded),
            _ => Err(broken("an unexpected answer")),
        }
    }

    async fn series(&self, repo: Option<&str>) -> Result<Vec<(u32, Named)>> {
        history::Lookup(&*self.backend).series(repo)
    }

    async fn executions(&self, series: u32) -> Result<(Vec<Row>, u32)> {
        history::Lookup(&*self.backend).rows(series)
    }

    async fn with(&self, outcomes: &[Outcome]) -> Result<Box<dyn Pasts>> {
        let overlay = Overlay::new(Arc::clone(&self.backend));
        history::record(&overlay, &mut history::Names::default(), outcomes)?;
        Ok(Box::new(overlay))
    }
}

impl<B: Backend> Pasts for Overlay<B> {
    fn past(&self, failure: &Outcome) -> Result<(Past, Row)> {
        history::Lookup(self).past(failure)
    }
}
