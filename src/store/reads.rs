//! What is asked of the store, over any backend.

use super::backend::Backend;
use super::recent::Recent;
use super::rows::{SurfaceRow, broken, decode};
use super::{audit, content, keys};
use crate::domain::actor::{Platform, Thread};
use crate::domain::facts::RunSeen;
use crate::domain::ids::{Digest, IncidentNo};
use crate::domain::incident::Incident;
use crate::domain::journal::Entry;
use crate::domain::subscription::owns;
use crate::domain::time::Time;
use crate::ports::{Counts, DeadLetter, Due, GIVEN_UP, Publication, Query, Spot, StoreError, Surface, TimerRow};
use std::collections::BTreeMap;

type Result<T> = std::result::Result<T, StoreError>;

/// Records that are asked for together.
const AT_ONCE: usize = 64;

/// Each method answers what the method of the same name of [`Store`](crate::ports::Store) does.
pub struct Reads<'a>(pub &'a dyn Backend, pub &'a Recent);

impl Reads<'_> {
    fn record<T: serde::de::DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>> {
        self.0.get(key)?.map(|bytes| decode(&bytes)).transpose()
    }

    fn table(&self, table: u8) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.0.scan(&[table], &[], usize::MAX)
    }

    /// By a table of some incidents, whose keys are this and a number each, however many others there are.
    fn listed_incidents(&self, listed: &[u8], query: &Query) -> Result<Vec<Incident>> {
        let mut found = Vec::new();
        let mut before = [listed, &query.before.unwrap_or(u64::MAX).to_be_bytes()].concat();
        while found.len() < query.limit {
            // More than asked for: the rest of the query may pass over some.
            let page = self.0.scan_down(listed, &before, query.limit.clamp(8, AT_ONCE))?;
            let Some((last, _)) = page.last() else { break };
            before.clone_from(last);
            let of = |key: &[u8]| keys::number(keys::INCIDENT, keys::last_number(key));
            let records = self.0.get_all(page.iter().map(|(key, _)| of(key)).collect())?;
            for ((key, _), record) in page.iter().zip(records) {
                let Some(record) = record else { continue };
                let incident = self.1.read(IncidentNo(keys::last_number(key)), record)?;
                if wanted(query, &incident) && found.len() < query.limit {
                    found.push(incident);
                }
            }
        }
        Ok(found)
    }

    fn rows(&self) -> Result<Vec<SurfaceRow>> {
        self.table(keys::SURFACE)?.iter().map(|(_, value)| decode(value)).collect()
    }

    pub fn has_taken(&self, id: &str) -> Result<bool> {
        Ok(self.0.get(&keys::text(keys::SEEN, id))?.is_some())
    }

    pub fn due_timers(&self, now: Time, limit: usize) -> Result<Vec<TimerRow>> {
        let mut due = Vec::new();
        for (_, name) in self.0.scan(&[keys::TIMER_AT], &[], limit)? {
            let name = String::from_utf8_lossy(&name).into_owned();
            match self.record::<TimerRow>(&keys::text(keys::TIMER, &name))? {
                Some(timer) if timer.at <= now => due.push(timer),
                Some(_) => break,
                None => {}
            }
        }
        Ok(due)
    }

    pub fn incident(&self, no: IncidentNo) -> Result<Option<Incident>> {
        self.0.get(&keys::number(keys::INCIDENT, no.0))?.map(|record| self.1.read(no, record)).transpose()
    }

    pub fn incidents(&self, query: &Query) -> Result<Vec<Incident>> {
        const PAGE: usize = 64;
        if query.awaits_people {
            return self.listed_incidents(&[keys::AWAITING], query);
        }
        if query.open_only {
            return self.listed_incidents(&[keys::OPEN], query);
        }
        if let Some(repo) = &query.repo {
            return self.listed_incidents(&keys::incidents_of(repo), query);
        }
        let mut found = Vec::new();
        let mut before = keys::number(keys::INCIDENT, query.before.unwrap_or(u64::MAX));
        while found.len() < query.limit {
            let page = self.0.scan_down(&[keys::INCIDENT], &before, PAGE)?;
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

    pub fn journal(&self, no: IncidentNo, after: u64, limit: usize) -> Result<Vec<Entry>> {
        let prefix = keys::number(keys::JOURNAL, no.0);
        let from = keys::journal(no, after.saturating_add(1));
        let rows = self.0.scan(&prefix, &from, limit)?;
        rows.iter().map(|(_, value)| decode(value)).collect()
    }

    pub fn audited(&self) -> Result<Vec<String>> {
        audit::names(self.0)
    }

    pub fn audit_name(&self, no: IncidentNo) -> Result<Option<String>> {
        self.record(&keys::number(keys::AUDIT_OF, no.0))
    }

    pub fn audit(&self, name: &str, before: Option<Spot>, limit: usize) -> Result<Vec<(Spot, Entry)>> {
        audit::newest(self.0, name, before, limit)
    }

    pub fn runs(&self) -> Result<Vec<(String, RunSeen)>> {
        let rows = self.table(keys::RUN)?;
        rows.iter().map(|(key, value)| Ok((String::from_utf8_lossy(&key[1..]).into_owned(), decode(value)?))).collect()
    }

    pub fn setting(&self, key: &str) -> Result<Option<serde_json::Value>> {
        self.record(&keys::text(keys::SETTING, key))
    }

    pub fn settings(&self, prefix: &str) -> Result<Vec<(String, serde_json::Value)>> {
        let rows = self.0.scan(&keys::text(keys::SETTING, prefix), &[], usize::MAX)?;
        rows.iter().map(|(key, value)| Ok((String::from_utf8_lossy(&key[1..]).into_owned(), decode(value)?))).collect()
    }

    pub fn due_publications(
        &self,
        platform: &Platform,
        due: Due,
        now: Time,
        busy: &[String],
        limit: usize,
    ) -> Result<Vec<(Surface, Publication)>> {
        let other = if due == Due::First { keys::DIRTY_UPDATE } else { keys::DIRTY_FIRST };
        // Most rows are another's, or wait for their channel: their records are not read.
        let here = |key: &[u8]| {
            keys::place(key).is_none_or(|(of, channel)| *of == platform.0 && busy.iter().all(|busy| busy != channel))
        };
        let mut behind = self.table(keys::DIRTY)?;
        behind.retain(|(key, kind)| kind != other && here(key));
        let mut found = Vec::new();
        for some in behind.chunks(limit.clamp(1, AT_ONCE)) {
            let keys = some.iter().map(|(key, _)| surface_of(key)).collect();
            for value in self.0.get_all(keys)?.into_iter().flatten() {
                let SurfaceRow { surface, publication } = decode(&value)?;
                let is_due = surface.platform == *platform
                    && publication.is_first() == (due == Due::First)
                    && !busy.contains(&surface.channel)
                    && publication.is_due()
                    && publication.not_before <= now;
                if is_due && found.len() < limit.max(1) {
                    found.push((surface, publication));
                }
            }
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    pub fn surfaces(&self, no: IncidentNo) -> Result<Vec<Surface>> {
        let rows = self.0.scan(&keys::number(keys::SURFACE, no.0), &[], usize::MAX)?;
        rows.iter().map(|(_, value)| decode::<SurfaceRow>(value).map(|row| row.surface)).collect()
    }

    pub fn publication(&self, surface: &Surface) -> Result<Option<Publication>> {
        Ok(self.record::<SurfaceRow>(&keys::surface(surface))?.map(|row| row.publication))
    }

    pub fn publications(&self, platform: &Platform) -> Result<Vec<(Surface, Publication)>> {
        let of = |row: &SurfaceRow| row.surface.platform == *platform;
        Ok(self.rows()?.into_iter().filter(of).map(|row| (row.surface, row.publication)).collect())
    }

    pub fn bound(&self, thread: &Thread) -> Result<Option<IncidentNo>> {
        self.record(&keys::bound(thread))
    }

    pub fn blob(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let name = digest.as_str();
        if !content::is_name(name) {
            return Ok(None);
        }
        let found = self.0.file(name)?;
        if found.as_ref().is_some_and(|bytes| !content::is_whole(name, bytes)) {
            tracing::error!(file = name, "a content file is damaged; `ci-rescue store verify` lists all that are");
            return Err(broken(format!("the content file {name} is damaged")));
        }
        Ok(found)
    }

    pub fn dead_letters(&self, limit: usize) -> Result<Vec<DeadLetter>> {
        let rows = self.0.scan_down(&[keys::DEAD], &[keys::DEAD + 1], limit)?;
        rows.iter().map(|(_, value)| decode(value)).collect()
    }

    pub fn counts(&self) -> Result<Counts> {
        let count = |table: u8| self.0.rows(table);
        let mut behind = BTreeMap::new();
        for some in self.table(keys::DIRTY)?.chunks(AT_ONCE) {
            for value in self.0.get_all(some.iter().map(|(key, _)| surface_of(key)).collect())?.into_iter().flatten() {
                let row: SurfaceRow = decode(&value)?;
                if row.publication.is_due() {
                    *behind.entry(row.surface.platform.0).or_default() += 1;
                }
            }
        }
        Ok(Counts {
            inbox: count(keys::INBOX)?,
            outbox: count(keys::OUTBOX)?,
            timers: count(keys::TIMER)?,
            dirty: count(keys::DIRTY)?,
            behind,
            dead: count(keys::DEAD)?,
            given_up: self.setting(GIVEN_UP)?.and_then(|count| count.as_u64()).unwrap_or(0),
            incidents: count(keys::INCIDENT)?,
            open: count(keys::OPEN)?,
        })
    }
}

/// The surface of a row in the table of those that are behind.
fn surface_of(key: &[u8]) -> Vec<u8> {
    [&[keys::SURFACE], key.get(1..).unwrap_or_default()].concat()
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
