//! The ledger of quarantines, on disk.

use super::Engine;
use crate::domain::Repo;
use crate::domain::action::Action;
use crate::domain::quarantined::Quarantined;
use crate::ports::{PortError, StoreError, Turn};
use serde_json::json;

const LEDGER: &str = "quarantine:";

fn key(repo: &Repo, id: &str) -> String {
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
