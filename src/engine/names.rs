//! Repositories by their ids: names change, and GitHub compares them without case.

use super::turn::Working;
use crate::domain::event::Event;
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::quarantined::Quarantined;
use crate::domain::subscription::{Filter, Subject, Subscription};
use crate::ports::{Delivery, Query, Store, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;

const KEY: &str = "repository:";
/// Former names that are remembered of one repository.
const FORMER_MAX: usize = 10;
/// Incidents that are renamed in one turn.
const AT_ONCE: usize = 200;

/// What a repository is called, and was called before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    name: Repo,
    #[serde(default)]
    was: Vec<Repo>,
}

/// All names that were ever told.
#[derive(Debug, Default)]
pub(super) struct Names {
    rows: HashMap<u64, Row>,
    /// By present and former names in lower case.
    ids: HashMap<String, u64>,
}

fn folded(repo: &Repo) -> String {
    repo.as_str().to_ascii_lowercase()
}

impl Names {
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let mut names = Self::default();
        for (key, row) in store.settings(KEY).await? {
            let id = key.strip_prefix(KEY).and_then(|id| id.parse().ok());
            if let (Some(id), Ok(row)) = (id, serde_json::from_value(row)) {
                names.put(id, row);
            }
        }
        Ok(names)
    }

    fn put(&mut self, id: u64, row: Row) {
        for name in row.was.iter().chain([&row.name]) {
            self.ids.insert(folded(name), id);
        }
        self.rows.insert(id, row);
    }

    fn row(&self, repo: &Repo) -> Option<&Row> {
        self.rows.get(self.ids.get(&folded(repo))?)
    }

    /// The name that it has now, spelled as GitHub spells it.
    #[must_use]
    pub(super) fn current(&self, repo: &Repo) -> Repo {
        self.row(repo).map_or_else(|| repo.clone(), |row| row.name.clone())
    }

    /// That name and all former ones.
    pub(super) fn all<'a>(&'a self, repo: &'a Repo) -> impl Iterator<Item = &'a Repo> {
        let row = self.row(repo);
        std::iter::once(row.map_or(repo, |row| &row.name)).chain(row.into_iter().flat_map(|row| &row.was))
    }

    /// Whether a feed is for what this tells, by any name of its repository.
    pub(super) fn wants(&self, filter: &Filter, subject: &Subject<'_>) -> bool {
        self.all(subject.repo).any(|repo| filter.wants(&Subject { repo, ..*subject }))
    }

    /// What is known now, and the name that the repository had; the rows to keep.
    fn learn(&mut self, id: u64, name: &Repo) -> (Option<Repo>, Vec<(String, serde_json::Value)>) {
        if self.rows.get(&id).is_some_and(|row| row.name == *name) {
            return (None, Vec::new());
        }
        let mut kept = Vec::new();
        // Whoever takes a name over that another repository had has it alone from now on.
        if let Some(other) = self.ids.get(&folded(name)).copied().filter(|other| *other != id)
            && let Some(row) = self.rows.get_mut(&other)
        {
            row.was.retain(|was| folded(was) != folded(name));
            kept.push((format!("{KEY}{other}"), json!(row)));
        }
        let known = self.rows.get(&id).cloned();
        let mut was = known.as_ref().map(|row| row.was.clone()).unwrap_or_default();
        was.retain(|was| folded(was) != folded(name));
        was.extend(known.iter().map(|row| row.name.clone()).filter(|old| folded(old) != folded(name)));
        was.drain(..was.len().saturating_sub(FORMER_MAX));
        let row = Row { name: name.clone(), was };
        kept.push((format!("{KEY}{id}"), json!(row)));
        self.put(id, row);
        (known.map(|row| row.name), kept)
    }
}

impl Working<'_> {
    /// An event names a repository by its id.
    pub(super) async fn named(&mut self, id: u64, name: &Repo) -> Result<(), StoreError> {
        let (from, rows) = self.state.names.learn(id, name);
        self.turn.settings.extend(rows.into_iter().map(|(key, row)| (key, Some(row))));
        let Some(from) = from else { return Ok(()) };
        tracing::info!(%from, to = %name, "a repository was renamed");
        self.engine.forget_listed().await;
        self.rename_feeds(&from, name);
        self.rename_ledger(&from, name).await?;
        self.renamed(&from, name, None).await
    }

    /// Its incidents follow, newest first, some each turn.
    pub(super) async fn renamed(
        &mut self,
        from: &Repo,
        to: &Repo,
        below: Option<IncidentNo>,
    ) -> Result<(), StoreError> {
        let query =
            Query { repo: Some(from.to_string()), before: below.map(|no| no.0), limit: AT_ONCE, ..Query::default() };
        let found = self.engine.store.incidents(&query).await?;
        let event = |below| Event::Renamed { from: from.clone(), to: to.clone(), below };
        for incident in found.iter().filter(|incident| incident.repo == *from) {
            self.alone(incident.no, &event(None)).await?;
        }
        if let Some(last) = found.last().filter(|_| found.len() == AT_ONCE) {
            let id = format!("internal:renamed-{}-{}", self.delivery.id, last.no.0);
            self.turn.deliveries.push(Delivery::internal(id, self.now, &event(Some(last.no))));
        }
        Ok(())
    }

    /// What people subscribed to by command is rewritten; what is configured is matched by its old name.
    fn rename_feeds(&mut self, from: &Repo, to: &Repo) {
        let old = |feed: &Subscription| {
            feed.filter.repo.as_deref().is_some_and(|repo| repo.eq_ignore_ascii_case(from.as_str()))
        };
        for feed in self.state.feeds.iter_mut().filter(|feed| old(feed)) {
            self.turn.settings.push((super::feeds::feed_key(feed), None));
            feed.filter.repo = Some(to.to_string());
            self.turn.settings.push((super::feeds::feed_key(feed), Some(json!(feed))));
        }
    }

    async fn rename_ledger(&mut self, from: &Repo, to: &Repo) -> Result<(), StoreError> {
        for entry in self.engine.read_ledger(Some(from)).await? {
            self.turn.settings.push((super::ledger::key(from, &entry.id), None));
            let entry = Quarantined { repo: to.clone(), ..entry };
            self.turn.settings.push((super::ledger::key(to, &entry.id), Some(json!(entry))));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repo(name: &str) -> Repo {
        name.parse().unwrap()
    }

    #[test]
    fn names_follow_ids() {
        let mut names = Names::default();
        assert_eq!(names.learn(1, &repo("acme/api")).0, None);
        assert_eq!(names.learn(1, &repo("acme/api")), (None, Vec::new()));
        // Renamed, moved, and spelled another way.
        assert_eq!(names.learn(1, &repo("acme/service")).0, Some(repo("acme/api")));
        assert_eq!(names.learn(1, &repo("Umbrella/Service")).0, Some(repo("acme/service")));
        for old in ["acme/api", "ACME/API", "acme/service", "umbrella/service"] {
            assert_eq!(names.current(&repo(old)), repo("Umbrella/Service"), "{old}");
        }
        // Another repository takes the old name over.
        assert_eq!(names.learn(2, &repo("acme/api")).0, None);
        assert_eq!(names.current(&repo("acme/api")), repo("acme/api"));
        assert_eq!(names.all(&repo("umbrella/service")).count(), 2);
        // And back.
        names.learn(1, &repo("acme/service"));
        assert_eq!(names.current(&repo("Umbrella/Service")), repo("acme/service"));
    }
}
