//! The ledger of quarantines, on disk.

use super::{Engine, timer_key};
use crate::domain::Repo;
use crate::domain::action::Action;
use crate::domain::event::{Event, Timer};
use crate::domain::quarantined::Quarantined;
use crate::ports::{PortError, StoreError, TimerRow, Turn};
use serde_json::json;

const LEDGER: &str = "quarantine:";

pub(super) fn key(repo: &Repo, id: &str) -> String {
    format!("{LEDGER}{repo}:{id}")
}

impl Engine {
    /// What is in the ledger, of one repository or of all, the oldest first.
    pub(super) async fn read_ledger(&self, repo: Option<&Repo>) -> Result<Vec<Quarantined>, StoreError> {
        let prefix = repo.map_or_else(|| LEDGER.to_owned(), |repo| key(repo, ""));
        let mut all: Vec<Quarantined> = Vec::new();
        for (key, entry) in self.store.settings(&prefix).await? {
            all.push(serde_json::from_value(entry).map_err(|why| StoreError::Broken(format!("{key}: {why}")))?);
        }
        all.sort_by_key(|entry| (entry.since, entry.incident));
        Ok(all)
    }

    pub(super) async fn ledger(&self, repo: Option<&Repo>) -> Result<Vec<Quarantined>, PortError> {
        self.read_ledger(repo).await.map_err(|why| PortError::transient(why.to_string()))
    }

    /// Entries that wait for a merge are looked at now: it may have gone unheard while we were away.
    ///
    /// # Errors
    /// The store failed.
    pub async fn look_at_pending(&self) -> Result<(), StoreError> {
        let at = self.clock.now();
        let pending = self.read_ledger(None).await?.into_iter().filter(|entry| entry.pending);
        let row = |entry: Quarantined| {
            let (incident, timer) = (entry.incident, Timer::Pulls);
            TimerRow { key: timer_key(incident, timer), at, event: Event::Fired { incident, timer } }
        };
        self.store.commit(Turn { timers: pending.map(row).collect(), ..Turn::default() }).await
    }

    /// Makes a [`Action::Listed`] or [`Action::Unlisted`] true.
    pub(super) async fn write_ledger(&self, action: &Action) -> Result<(), PortError> {
        let setting = match action {
            Action::Listed { entry } => (key(&entry.repo, &entry.id), Some(json!(entry))),
            Action::Unlisted { repo, id } => (key(repo, id), None),
            _ => return Err(PortError::permanent("not a ledger action")),
        };
        let turn = Turn { settings: vec![setting], ..Turn::default() };
        self.store.commit(turn).await.map_err(|why| PortError::transient(why.to_string()))
    }
}
