//! Repositories by their ids: names change, and GitHub compares them without case.

use super::turn::Working;
use crate::domain::event::Event;
use crate::domain::ids::Repo;
use crate::domain::incident::Incident;
use crate::domain::quarantined::Quarantined;
use crate::domain::subscription::{Filter, Subject, Subscription};
use crate::ports::{Publication, Query, Store, StoreError, Surface};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;

const KEY: &str = "repository:";
/// Former names that are remembered of one repository.
const FORMER_MAX: usize = 10;
/// Incidents read at a time.
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

    /// A present name belongs to its repository, a former one to whoever has it.
    fn put(&mut self, id: u64, row: Row) {
        for name in &row.was {
            self.ids.entry(folded(name)).or_insert(id);
        }
        self.ids.insert(folded(&row.name), id);
        self.rows.insert(id, row);
    }

    /// The present name of each.
    pub(super) fn present(&self) -> impl Iterator<Item = &Repo> {
        self.rows.values().map(|row| &row.name)
    }

    fn row(&self, repo: &Repo) -> Option<&Row> {
        self.rows.get(self.ids.get(&folded(repo))?)
    }

    /// The name that it has now, spelled as GitHub spells it.
    #[must_use]
    pub(super) fn current(&self, repo: &Repo) -> Repo {
        self.row(repo).map_or_else(|| repo.clone(), |row| row.name.clone())
    }

    /// Every repository that told of itself, by its present name, in order.
    pub(super) fn known(&self) -> Vec<Repo> {
        let named = self.rows.iter().filter(|(id, row)| !is_placeholder(&row.name, **id));
        let mut all: Vec<Repo> = named.map(|(_, row)| row.name.clone()).collect();
        all.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        all
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

    /// Takes a name in. `renamed`: the event is about the new name itself; any other may be an old one that comes late.
    fn learn(&mut self, id: u64, name: &Repo, renamed: bool) -> Learned {
        let mut learned = Learned::default();
        let known = self.rows.get(&id).cloned();
        if let Some(row) = &known {
            let late = !renamed && row.was.iter().any(|was| folded(was) == folded(name));
            if row.name == *name || late {
                return learned;
            }
        }
        if let Some(other) = self.ids.get(&folded(name)).copied().filter(|other| *other != id) {
            self.take_over(other, name, &mut learned);
        }
        let mut was = known.as_ref().map(|row| row.was.clone()).unwrap_or_default();
        let old = known.map(|row| row.name);
        was.extend(old.iter().filter(|old| !is_placeholder(old, id)).cloned());
        was.retain(|was| folded(was) != folded(name));
        was.drain(..was.len().saturating_sub(FORMER_MAX));
        let row = Row { name: name.clone(), was };
        learned.rows.push((format!("{KEY}{id}"), json!(row)));
        self.put(id, row);
        learned.moves.extend(old.map(|old| (old, name.clone())));
        learned
    }

    /// Whoever takes a name over has it alone from now on. A repository that still had it was renamed unheard: what it
    /// has waits under a name of its own until its new one is told.
    fn take_over(&mut self, other: u64, name: &Repo, learned: &mut Learned) {
        let Some(row) = self.rows.get_mut(&other) else { return };
        row.was.retain(|was| folded(was) != folded(name));
        if folded(&row.name) == folded(name) {
            let Some(waiting) = placeholder(&row.name, other) else { return };
            learned.moves.push((row.name.clone(), waiting.clone()));
            row.name = waiting;
        }
        let row = row.clone();
        learned.rows.push((format!("{KEY}{other}"), json!(row)));
        self.ids.remove(&folded(name));
        self.put(other, row);
    }
}

/// What follows from a name.
#[derive(Debug, Default, PartialEq)]
struct Learned {
    /// From one name to another, in this order.
    moves: Vec<(Repo, Repo)>,
    rows: Vec<(String, serde_json::Value)>,
}

/// The name of a repository whose own is not known: no other has it.
fn placeholder(name: &Repo, id: u64) -> Option<Repo> {
    let end = format!(".renamed-{id}");
    let short: String = name.name().chars().take(100 - end.len()).collect();
    format!("{}/{short}{end}", name.owner()).parse().ok()
}

fn is_placeholder(name: &Repo, id: u64) -> bool {
    name.name().ends_with(&format!(".renamed-{id}"))
}

impl Working<'_> {
    /// An event names a repository by its id.
    pub(super) async fn named(&mut self, id: u64, name: &Repo, renamed: bool) -> Result<(), StoreError> {
        // Names of repositories that are not ours are nobody's business.
        if !self.state.names.rows.contains_key(&id) && !self.engine.settings().filter.has_repo(name) {
            return Ok(());
        }
        let Learned { moves, rows } = self.state.names.learn(id, name, renamed);
        self.turn.settings.extend(rows.into_iter().map(|(key, row)| (key, Some(row))));
        for (from, to) in moves {
            tracing::info!(%from, %to, "a repository was renamed");
            self.engine.forget_listed();
            self.rename_feeds(&from, &to);
            self.rename_ledger(&from, &to).await?;
            self.rename_incidents(&from, &to).await?;
        }
        Ok(())
    }

    /// Its incidents follow, all in one turn: meanwhile another could take the name.
    async fn rename_incidents(&mut self, from: &Repo, to: &Repo) -> Result<(), StoreError> {
        let mut query = Query { repo: Some(from.to_string()), limit: AT_ONCE, ..Query::default() };
        loop {
            let found = self.engine.store.incidents(&query).await?;
            for incident in found.iter().filter(|incident| incident.repo == *from) {
                let event = Event::Renamed { incident: incident.no, from: from.clone(), to: to.clone() };
                self.renaming.insert(incident.no);
                self.alone(incident.no, &event).await?;
                self.move_places(incident, from, to).await?;
            }
            match found.last() {
                Some(last) if found.len() == AT_ONCE => query.before = Some(last.no.0),
                _ => return Ok(()),
            }
        }
    }

    /// A place in a repository, such as a pull request, goes by the repository's name.
    async fn move_places(&self, incident: &Incident, from: &Repo, to: &Repo) -> Result<(), StoreError> {
        let chats = self.engine.chats.iter().filter(|(_, chat)| chat.is_in_repository());
        for (platform, chat) in chats {
            for number in &incident.pulls {
                let at = |repo: &Repo| {
                    let channel = chat.channels(repo, &[*number]).into_iter().next().unwrap_or_default();
                    Surface { incident: incident.no, platform: platform.clone(), channel }
                };
                let (old, new) = (at(from), at(to));
                let Some(stands) = self.engine.store.publication(&old).await? else { continue };
                if stands.dead.is_none() && self.engine.store.publication(&new).await?.is_none() {
                    self.engine.keep(&new, Publication { version: 0, ..stands.clone() }).await?;
                    let dead = Some(format!("the repository is {to} now"));
                    self.engine.keep(&old, Publication { dead, ..stands }).await?;
                }
            }
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

    fn moves(names: &mut Names, id: u64, name: &str, renamed: bool) -> Vec<String> {
        let learned = names.learn(id, &repo(name), renamed);
        learned.moves.iter().map(|(from, to)| format!("{from} {to}")).collect()
    }

    #[test]
    fn names_follow_ids() {
        let mut names = Names::default();
        assert!(moves(&mut names, 1, "acme/api", false).is_empty());
        assert_eq!(names.learn(1, &repo("acme/api"), false), Learned::default());
        // Renamed, moved, and spelled another way.
        assert_eq!(moves(&mut names, 1, "acme/service", false), ["acme/api acme/service"]);
        assert_eq!(moves(&mut names, 1, "Umbrella/Service", true), ["acme/service Umbrella/Service"]);
        for old in ["acme/api", "ACME/API", "acme/service", "umbrella/service"] {
            assert_eq!(names.current(&repo(old)), repo("Umbrella/Service"), "{old}");
        }
        // An old delivery that comes late changes nothing; a rename back does.
        assert!(moves(&mut names, 1, "acme/api", false).is_empty());
        assert_eq!(names.current(&repo("acme/service")), repo("Umbrella/Service"));
        // Another repository takes an old name over.
        assert!(moves(&mut names, 2, "acme/api", false).is_empty());
        assert_eq!(names.current(&repo("acme/api")), repo("acme/api"));
        assert_eq!(names.all(&repo("umbrella/service")).count(), 2);
        assert_eq!(moves(&mut names, 1, "acme/service", true), ["Umbrella/Service acme/service"]);
        assert_eq!(names.current(&repo("Umbrella/Service")), repo("acme/service"));
    }

    #[test]
    fn a_name_that_was_taken_over_unheard_mixes_nothing() {
        // The first was renamed, and nobody told; the second has its name already.
        let mut names = Names::default();
        names.learn(1, &repo("acme/api"), false);
        assert_eq!(moves(&mut names, 2, "acme/api", false), ["acme/api acme/api.renamed-1"]);
        assert_eq!(moves(&mut names, 1, "acme/old", false), ["acme/api.renamed-1 acme/old"]);
        assert_eq!(names.current(&repo("acme/api")), repo("acme/api"));
        assert_eq!(names.all(&repo("acme/old")).count(), 1, "the name belongs to the other now");
        // Two that exchange their names.
        let mut names = Names::default();
        names.learn(1, &repo("acme/a"), false);
        names.learn(2, &repo("acme/b"), false);
        assert_eq!(moves(&mut names, 1, "acme/b", true), ["acme/b acme/b.renamed-2", "acme/a acme/b"]);
        assert_eq!(moves(&mut names, 2, "acme/a", true), ["acme/b.renamed-2 acme/a"]);
        assert_eq!(names.ids[&folded(&repo("acme/a"))], 2);
        assert_eq!(names.ids[&folded(&repo("acme/b"))], 1);
    }
}
