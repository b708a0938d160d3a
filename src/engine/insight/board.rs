//! Quarantines over all repositories, and how each test did since.

use crate::domain::incident::Incident;
use crate::domain::outcome::Outcome;
use crate::domain::quarantined::Quarantined;
use crate::domain::subscription::owns;
use crate::engine::Engine;
use crate::history::outcomes;
use crate::policy::access::Reader;
use crate::ports::{Board, BoardAsked, Boarded, StoreError};

impl Engine {
    pub(super) async fn quarantine_board(
        &self,
        reader: &Reader,
        asked: &BoardAsked,
        (skip, limit): (usize, usize),
    ) -> Result<Board, StoreError> {
        let mut found = self.read_ledger(None).await?;
        found.retain(|entry| wanted(asked, entry));
        let repos = found.iter().map(|entry| entry.repo.clone()).collect();
        let open = self.may_read(reader, repos).await;
        found.retain(|entry| open.contains(&entry.repo));
        found.sort_by(|a, b| (a.ends(), &a.id).cmp(&(b.ends(), &b.id)));
        let all = found.len();
        let mut rows = Vec::new();
        for entry in found.into_iter().skip(skip).take(limit) {
            rows.push(self.boarded(entry).await?);
        }
        Ok(Board { rows, all })
    }

    async fn boarded(&self, entry: Quarantined) -> Result<Boarded, StoreError> {
        let incident = self.store.incident(entry.incident).await?;
        let own = |incident: &Incident| {
            let made = incident.proposals.iter().find(|own| own.id.to_string() == entry.id)?.made.last()?;
            Some(made.url.clone())
        };
        let since = match &incident {
            Some(incident) => self.executed_since(incident, &entry).await?,
            None => None,
        };
        let overdue = !entry.pending && entry.ends() <= self.clock.now();
        Ok(Boarded { overdue, pull: incident.as_ref().and_then(own), since, entry })
    }

    /// Executions of the test since it is quarantined, and those that failed.
    async fn executed_since(&self, incident: &Incident, entry: &Quarantined) -> Result<Option<(u32, u32)>, StoreError> {
        let failures = outcomes::headlines(incident, self.clock.now());
        let names = names(incident, entry);
        let of = |outcome: &&Outcome| outcome.test.as_ref().is_some_and(|test| names.contains(&test.raw()));
        let Some(failure) = failures.iter().find(of) else { return Ok(None) };
        let (past, _) = self.store.with(&[]).await?.past(failure)?;
        let later = past.rows.iter().filter(|row| row.at > entry.since.0 && row.ended.is_telling());
        let (mut ran, mut failed) = (0, 0);
        for row in later {
            ran += 1;
            failed += u32::from(row.ended.is_failure());
        }
        Ok(Some((ran, failed)))
    }
}

/// What history may call the test: its framework's command line has another name for some.
fn names<'a>(incident: &'a Incident, entry: &'a Quarantined) -> Vec<&'a str> {
    let tests = incident.evidence.iter().flat_map(|evidence| &evidence.failing_tests);
    let same = tests.filter(|test| test.selector.as_ref() == Some(&entry.test));
    same.map(|test| test.name.raw()).chain([entry.test.raw()]).collect()
}

fn wanted(asked: &BoardAsked, entry: &Quarantined) -> bool {
    let says = |text: &str| {
        let text = text.to_lowercase();
        [entry.test.raw(), entry.reason.raw(), &entry.id].iter().any(|have| have.to_lowercase().contains(&text))
    };
    asked.repo.as_deref().is_none_or(|repo| repo.eq_ignore_ascii_case(entry.repo.as_str()))
        && asked.owner.as_deref().is_none_or(|owner| entry.owners.iter().any(|have| owns(owner, have)))
        && asked.text.as_deref().is_none_or(says)
}
