//! The store port over a backend: reads go straight to it, writes through the writer.

use super::backend::{Backend, Still};
use super::overlay::Overlay;
use super::write::{Answer, InboxRow, SurfaceRow, Write, Writing, broken, decode};
use super::writer::Writer;
use super::{audit, content, history, keys, reading};
use crate::domain::actor::{Platform, Thread};
use crate::domain::effect::Effect;
use crate::domain::facts::RunSeen;
use crate::domain::ids::{Digest, IncidentNo};
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::outcome::Outcome;
use crate::domain::past::{Past, Row};
use crate::domain::subscription::owns;
use crate::domain::time::Time;
use crate::ports::{
    Before, Checks, Claimed, Counts, DeadLetter, Delivery, Due, GIVEN_UP, History, INSTALLATION, Lines, Named, Pasts,
    Publication, Put, Query, Recorded, Spot, Store, StoreError, Surface, TimerRow, Turn,
};
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::Arc;

type Result<T> = std::result::Result<T, StoreError>;

/// The whole store over a [`Backend`].
pub struct Ledger<B> {
    backend: Arc<B>,
    writer: Writer,
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
        Ok(Self { backend, writer })
    }

    fn record<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>> {
        self.backend.get(key)?.map(|bytes| decode(&bytes)).transpose()
    }

    fn table(&self, table: u8) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.backend.scan(&[table], &[], usize::MAX)
    }

    /// By the table of open incidents, however many closed ones there are.
    fn listed_incidents(&self, table: u8, query: &Query) -> Result<Vec<Incident>> {
        let before = keys::number(table, query.before.unwrap_or(u64::MAX));
        let listed = self.backend.scan_down(&[table], &before, usize::MAX)?;
        let mut found = Vec::new();
        for (key, _) in listed {
            let incident = self.record(&keys::number(keys::INCIDENT, keys::last_number(&key)))?;
            found.extend(incident.filter(|incident| wanted(query, incident)));
            if found.len() >= query.limit {
                break;
            }
        }
        Ok(found)
    }

    async fn still(&self) -> Result<Box<dyn Still>> {
        match self.writer.write(Write::Still).await? {
            Answer::Still(still) => Ok(still),
            _ => Err(broken("an unexpected answer")),
        }
    }

    fn rows(&self) -> Result<Vec<SurfaceRow>> {
        self.table(keys::SURFACE)?.iter().map(|(_, value)| decode(value)).collect()
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
        Ok(self.backend.get(&keys::text(keys::SEEN, id))?.is_some())
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
        let mut due = Vec::new();
        for (_, name) in self.backend.scan(&[keys::TIMER_AT], &[], limit)? {
            let name = String::from_utf8_lossy(&name).into_owned();
            match self.record::<TimerRow>(&keys::text(keys::TIMER, &name))? {
                Some(timer) if timer.at <= now => due.push(timer),
                Some(_) => break,
                None => {}
            }
        }
        Ok(due)
    }

    async fn incident(&self, no: IncidentNo) -> Result<Option<Incident>> {
        self.record(&keys::number(keys::INCIDENT, no.0))
    }

    async fn incidents(&self, query: &Query) -> Result<Vec<Incident>> {
        const PAGE: usize = 64;
        if query.awaits_people {
            return self.listed_incidents(keys::AWAITING, query);
        }
        if query.open_only {
            return self.listed_incidents(keys::OPEN, query);
        }
        let mut found = Vec::new();
        let mut before = keys::number(keys::INCIDENT, query.before.unwrap_or(u64::MAX));
        while found.len() < query.limit {
            let page = self.backend.scan_down(&[keys::INCIDENT], &before, PAGE)?;
            let Some((last, _)) = page.last() else { break };
            before.clone_from(last);
            for (_, value) in &page {
                let incident: Incident = decode(value)?;
                if wanted(query, &incident) && found.len() < query.limit {
                    found.push(incident);
                }
            }
        }
        Ok(found)
    }

    async fn journal(&self, no: IncidentNo, after: u64, limit: usize) -> Result<Vec<Entry>> {
        let prefix = keys::number(keys::JOURNAL, no.0);
        let from = keys::journal(no, after.saturating_add(1));
        let rows = self.backend.scan(&prefix, &from, limit)?;
        rows.iter().map(|(_, value)| decode(value)).collect()
    }

    async fn audited(&self) -> Result<Vec<String>> {
        audit::names(&*self.backend)
    }

    async fn audit_name(&self, no: IncidentNo) -> Result<Option<String>> {
        self.record(&keys::number(keys::AUDIT_OF, no.0))
    }

    async fn audit(&self, name: &str, before: Option<Spot>, limit: usize) -> Result<Vec<(Spot, Entry)>> {
        audit::newest(&*self.backend, name, before, limit)
    }

    async fn runs(&self) -> Result<Vec<(String, RunSeen)>> {
        let rows = self.table(keys::RUN)?;
        rows.iter().map(|(key, value)| Ok((String::from_utf8_lossy(&key[1..]).into_owned(), decode(value)?))).collect()
    }

    async fn setting(&self, key: &str) -> Result<Option<serde_json::Value>> {
        self.record(&keys::text(keys::SETTING, key))
    }

    async fn settings(&self, prefix: &str) -> Result<Vec<(String, serde_json::Value)>> {
        let rows = self.backend.scan(&keys::text(keys::SETTING, prefix), &[], usize::MAX)?;
        rows.iter().map(|(key, value)| Ok((String::from_utf8_lossy(&key[1..]).into_owned(), decode(value)?))).collect()
    }

    async fn due_publications(
        &self,
        platform: &Platform,
        due: Due,
        now: Time,
        busy: &[String],
        limit: usize,
    ) -> Result<Vec<(Surface, Publication)>> {
        let mut found = Vec::new();
        let other = if due == Due::First { keys::DIRTY_UPDATE } else { keys::DIRTY_FIRST };
        for (mut key, kind) in self.table(keys::DIRTY)? {
            // Most rows are another's, or wait for their channel: their records are not read.
            let here = keys::place(&key)
                .is_none_or(|(of, channel)| *of == platform.0 && busy.iter().all(|busy| busy != channel));
            if kind == other || !here {
                continue;
            }
            key[0] = keys::SURFACE;
            let row: Option<SurfaceRow> = self.record(&key)?;
            if let Some(row) = row.filter(|row| {
                row.surface.platform == *platform
                    && row.publication.is_first() == (due == Due::First)
                    && !busy.contains(&row.surface.channel)
                    && row.publication.is_due()
                    && row.publication.not_before <= now
            }) {
                found.push((row.surface, row.publication));
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    async fn surfaces(&self, no: IncidentNo) -> Result<Vec<Surface>> {
        let rows = self.backend.scan(&keys::number(keys::SURFACE, no.0), &[], usize::MAX)?;
        rows.iter().map(|(_, value)| decode::<SurfaceRow>(value).map(|row| row.surface)).collect()
    }

    async fn publication(&self, surface: &Surface) -> Result<Option<Publication>> {
        Ok(self.record::<SurfaceRow>(&keys::surface(surface))?.map(|row| row.publication))
    }

    async fn publications(&self, platform: &Platform) -> Result<Vec<(Surface, Publication)>> {
        let of = |row: &SurfaceRow| row.surface.platform == *platform;
        Ok(self.rows()?.into_iter().filter(of).map(|row| (row.surface, row.publication)).collect())
    }

    async fn put_publication(&self, surface: &Surface, publication: Publication) -> Result<()> {
        let write = Write::PutPublication { surface: surface.clone(), publication: Box::new(publication) };
        self.writer.write(write).await.map(|_| ())
    }

    async fn bound(&self, thread: &Thread) -> Result<Option<IncidentNo>> {
        self.record(&keys::bound(thread))
    }

    async fn put_blob(&self, bytes: Vec<u8>) -> Result<Digest> {
        let digest = Digest::of([bytes.as_slice()]);
        self.writer.write(Write::PutFile { name: digest.as_str().to_owned(), bytes }).await?;
        Ok(digest)
    }

    async fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let name = digest.as_str();
        if !content::is_name(name) {
            return Ok(None);
        }
        let found = self.backend.file(name)?;
        if found.as_ref().is_some_and(|bytes| !content::is_whole(name, bytes)) {
            tracing::error!(file = name, "a content file is damaged; `ci-rescue store verify` lists all that are");
            return Err(broken(format!("the content file {name} is damaged")));
        }
        Ok(found)
    }

    async fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>> {
        let rows = self.backend.scan_down(&[keys::DEAD], &[keys::DEAD + 1], limit)?;
        rows.iter().map(|(_, value)| decode(value)).collect()
    }

    async fn counts(&self) -> Result<Counts> {
        let count = |table: u8| self.backend.rows(table);
        let mut behind = BTreeMap::new();
        for (mut key, _) in self.table(keys::DIRTY)? {
            key[0] = keys::SURFACE;
            if let Some(row) = self.record::<SurfaceRow>(&key)?.filter(|row| row.publication.is_due()) {
                *behind.entry(row.surface.platform.0).or_default() += 1;
            }
        }
        Ok(Counts {
            inbox: count(keys::INBOX)?,
            outbox: count(keys::OUTBOX)?,
            timers: count(keys::TIMER)?,
            dirty: count(keys::DIRTY)?,
            behind,
            dead: count(keys::DEAD)?,
            given_up: self.setting(GIVEN_UP).await?.and_then(|count| count.as_u64()).unwrap_or(0),
            incidents: count(keys::INCIDENT)?,
            open: count(keys::OPEN)?,
        })
    }

    async fn compact(&self, before: Before) -> Result<u64> {
        match self.writer.write(Write::Compact(before)).await? {
            Answer::Count(count) => Ok(count),
            _ => Err(broken("an unexpected answer")),
        }
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

fn wanted(query: &Query, incident: &Incident) -> bool {
    query.no.is_none_or(|no| no == incident.no)
        && query.repo.as_deref().is_none_or(|repo| repo.eq_ignore_ascii_case(incident.repo.as_str()))
        && query.branch.as_deref().is_none_or(|branch| branch == incident.branch.raw())
        && query.stage.is_none_or(|stage| stage == incident.stage)
        && query.severity.is_none_or(|severity| severity == incident.severity)
        && query.owner.as_deref().is_none_or(|want| incident.owners.iter().flatten().any(|have| owns(want, have)))
        && !(query.open_only && incident.stage.is_closed())
        && (!query.awaits_people || incident.awaits_people())
        && (!query.closed_only || incident.stage.is_closed())
        && query.text.as_deref().is_none_or(|text| says(incident, text))
}

fn says(incident: &Incident, text: &str) -> bool {
    let text = text.to_lowercase();
    let has = |have: &str| have.to_lowercase().contains(&text);
    let evidence = || incident.evidence.iter();
    has(incident.repo.as_str())
        || has(incident.branch.raw())
        || has(&incident.sha)
        || has(incident.workflow.raw())
        || has(incident.sender.raw())
        || incident.commit_message.as_ref().is_some_and(|message| has(message.raw()))
        || incident.jobs.iter().any(|job| has(job.name.raw()))
        || evidence().flat_map(|found| &found.errors).any(|error| has(error.text.raw()))
        || evidence().flat_map(|found| &found.failing_tests).any(|test| has(test.name.raw()))
}
