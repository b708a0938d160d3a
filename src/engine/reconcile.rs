//! What was missed is found again: lost webhook deliveries are asked for once more, and runs are looked through.

use super::Engine;
use crate::domain::Repo;
use crate::domain::time::{DAY_MS, HOUR_MS, Time};
use crate::ports::{Ci, Put, Since, StoreError, Turn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::HashMap;

/// GitHub keeps deliveries for three days; no gap that is longer is closed.
const BACK_MAX_MS: i64 = 3 * DAY_MS;
/// How far a look goes behind the one before it, and the first look at a repository: lists lag, and runs take time.
const OVERLAP_MS: i64 = HOUR_MS;
/// How often runs are looked through that began long before they ended, and re-runs of old ones.
const DEEP_MS: i64 = 3 * HOUR_MS;

/// A list of repositories is believed for so long.
const LISTED_MS: i64 = HOUR_MS;
/// Repositories polled in one go, once a minute: 1,200 calls an hour, of GitHub's 5,000.
const POLLED_MAX: usize = 20;
/// What is known of a repository that is looked at no more is forgotten after so long.
const FORGET_MS: i64 = 30 * DAY_MS;
/// The settings that say how far each repository was looked through.
const POLLED: &str = "polled:";

/// The repositories that the forge lists for us.
#[derive(Default)]
pub(super) struct Listed {
    at: Option<Time>,
    repos: Vec<Repo>,
    /// Counts changes, so that a list that was under way then does not count.
    round: u64,
    /// When each repository was last looked at in vain.
    failed: HashMap<Repo, Time>,
}

/// How far a repository was looked through.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Polled {
    /// All runs that ended before are known, but for those that began long before that.
    until: Time,
    /// All runs that ended before are known.
    deep: Time,
}

/// What to look for now, and what will be known by that.
fn look(before: Option<Polled>, now: Time) -> (Since, Polled) {
    // A clock that was set back has seen nothing of the future.
    let back = |to: Time| to.min(now).plus_ms(-OVERLAP_MS).max(now.plus_ms(-BACK_MAX_MS));
    let before = before.unwrap_or(Polled { until: now, deep: now.plus_ms(-DEEP_MS) });
    if now.ms_since(before.deep) < DEEP_MS && before.deep <= now {
        let ended = back(before.until);
        return (Since { created: ended, ended }, Polled { until: now, deep: before.deep });
    }
    let ended = back(before.until.min(before.deep));
    (Since { created: now.plus_ms(-BACK_MAX_MS), ended }, Polled { until: now, deep: now })
}

impl Engine {
    /// Looks for what no webhook told. Integrations that are down are skipped until the next time.
    ///
    /// # Errors
    /// The store failed.
    pub async fn reconcile(&self) -> Result<u64, StoreError> {
        let Some(ci) = &self.ci else { return Ok(0) };
        if let Err(why) = ci.redeliver(self.clock.now().plus_ms(-BACK_MAX_MS)).await {
            tracing::debug!(%why, "could not ask for lost deliveries");
        }
        let polled = self.polled().await?;
        let mut found = 0;
        for repo in self.due(&**ci, &polled).await {
            let (since, after) = look(polled.get(repo.as_str()).copied(), self.clock.now());
            match ci.recent(&repo, since).await {
                Ok(deliveries) => {
                    for mut delivery in deliveries {
                        delivery.body = crate::evidence::redact::body(delivery.body.as_bytes());
                        found += u64::from(self.store.put_delivery(delivery).await? == Put::New);
                    }
                    self.remember(&format!("{POLLED}{repo}"), Some(json!(after))).await?;
                }
                Err(why) => {
                    tracing::debug!(%repo, %why, "could not read recent runs");
                    self.listed().failed.insert(repo, after.until);
                }
            }
        }
        self.forget_polled(&polled).await?;
        if found > 0 {
            self.turn_due.notify_one();
        }
        Ok(found)
    }

    async fn polled(&self) -> Result<HashMap<String, Polled>, StoreError> {
        let rows = self.store.settings(POLLED).await?;
        let read =
            |(key, value): (String, Value)| Some((key[POLLED.len()..].to_owned(), serde_json::from_value(value).ok()?));
        Ok(rows.into_iter().filter_map(read).collect())
    }

    /// Drops what is known of repositories that are ours no more.
    async fn forget_polled(&self, polled: &HashMap<String, Polled>) -> Result<(), StoreError> {
        let oldest = self.clock.now().plus_ms(-FORGET_MS);
        for (repo, _) in polled.iter().filter(|(_, polled)| polled.until < oldest) {
            let key = format!("{POLLED}{repo}");
            // It may have been looked through just now.
            if self.store.setting(&key).await? == Some(json!(polled[repo])) {
                self.remember(&key, None).await?;
            }
        }
        Ok(())
    }

    async fn remember(&self, key: &str, value: Option<Value>) -> Result<(), StoreError> {
        self.store.commit(Turn { settings: vec![(key.to_owned(), value)], ..Turn::default() }).await
    }

    /// The repositories to look at now; of very many, those that were looked at longest ago.
    async fn due(&self, ci: &dyn Ci, polled: &HashMap<String, Polled>) -> Vec<Repo> {
        let mut all = self.ours(ci).await;
        all.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        all.dedup();
        let mut listed = self.listed();
        listed.failed.retain(|repo, _| all.contains(repo));
        all.sort_by_key(|repo| {
            polled.get(repo.as_str()).map(|polled| polled.until).max(listed.failed.get(repo).copied())
        });
        all.truncate(POLLED_MAX);
        all
    }

    /// Those named, and those that a wildcard means; all that we may see where nothing is named.
    pub(super) async fn ours(&self, ci: &dyn Ci) -> Vec<Repo> {
        let settings = self.settings();
        let filter = &settings.filter;
        let names = &filter.repositories;
        let mut all: Vec<Repo> =
            names.iter().filter(|name| !name.contains('*')).filter_map(|name| name.parse().ok()).collect();
        if names.is_empty() || names.iter().any(|name| name.contains('*')) {
            all.extend(self.list(ci).await.into_iter().filter(|repo| filter.has_repo(repo)));
        }
        all
    }

    /// What the forge listed, asked again after a while or when an installation changed. While it does not answer, what
    /// it said last counts.
    async fn list(&self, ci: &dyn Ci) -> Vec<Repo> {
        let now = self.clock.now();
        let (round, kept) = {
            let kept = self.listed();
            let fresh = kept.at.is_some_and(|at| (0..LISTED_MS).contains(&now.ms_since(at)));
            if fresh {
                return kept.repos.clone();
            }
            (kept.round, kept.repos.clone())
        };
        // Nobody waits for the list meanwhile.
        match ci.repositories().await {
            Ok(repos) => {
                let mut kept = self.listed();
                let at = (kept.round == round).then_some(now);
                kept.at = at;
                kept.repos.clone_from(&repos);
                repos
            }
            Err(why) => {
                tracing::warn!(%why, "the repositories to look through for missed runs could not be listed");
                kept
            }
        }
    }

    fn listed(&self) -> std::sync::MutexGuard<'_, Listed> {
        self.listed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// What the forge listed last, and what the configuration names.
    pub(super) fn known_repositories(&self) -> Vec<Repo> {
        let settings = self.settings();
        let named = settings.filter.repositories.iter().filter_map(|name| name.parse().ok());
        self.listed().repos.iter().cloned().chain(named).collect()
    }

    /// An installation changed: the list is asked for anew.
    pub(super) fn forget_listed(&self) {
        let mut kept = self.listed();
        kept.at = None;
        kept.round += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_look_begins_where_the_last_one_ended() {
        let now = Time(100 * DAY_MS);
        let ago = |ms: i64| now.plus_ms(-ms);
        let minute = 60_000;
        for (what, before, created, ended, deep) in [
            ("the first", None, 3 * DAY_MS, 4 * HOUR_MS, 0),
            ("a minute later", Some((minute, minute)), HOUR_MS + minute, HOUR_MS + minute, minute),
            ("two hours later", Some((2 * HOUR_MS, 2 * HOUR_MS)), 3 * HOUR_MS, 3 * HOUR_MS, 2 * HOUR_MS),
            ("three hours later", Some((minute, DEEP_MS)), 3 * DAY_MS, 4 * HOUR_MS, 0),
            ("after twenty hours", Some((20 * HOUR_MS, 20 * HOUR_MS)), 3 * DAY_MS, 21 * HOUR_MS, 0),
            ("after a week", Some((7 * DAY_MS, 7 * DAY_MS)), 3 * DAY_MS, 3 * DAY_MS, 0),
            ("with a clock set back", Some((-HOUR_MS, -HOUR_MS)), 3 * DAY_MS, HOUR_MS, 0),
        ] {
            let before = before.map(|(until, deep)| Polled { until: ago(until), deep: ago(deep) });
            let want = (Since { created: ago(created), ended: ago(ended) }, Polled { until: now, deep: ago(deep) });
            assert_eq!(look(before, now), want, "{what}");
        }
    }
}
