//! What was missed is found again: lost webhook deliveries are asked for once more, and recent runs are compared.

use super::Engine;
use crate::domain::Repo;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Time};
use crate::ports::{Ci, StoreError};

/// GitHub keeps deliveries for three days.
const REDELIVER_MS: i64 = 72 * HOUR_MS;
/// How far back a poll looks.
const BACK_MS: i64 = HOUR_MS;

/// A list of repositories is believed for so long.
const LISTED_MS: i64 = HOUR_MS;
/// Repositories polled in one go: GitHub allows 5,000 calls an hour.
const POLLED_MAX: usize = 50;

/// The repositories that the forge lists for us.
#[derive(Default)]
pub(super) struct Listed {
    at: Option<Time>,
    repos: Vec<Repo>,
    /// Counts changes, so that a list that was under way then does not count.
    round: u64,
}

impl Engine {
    /// Looks for what no webhook told. Integrations that are down are skipped until the next time.
    ///
    /// # Errors
    /// The store failed.
    pub async fn reconcile(&self) -> Result<u64, StoreError> {
        let Some(ci) = &self.ci else { return Ok(0) };
        let since: Time = self.clock.now().plus_ms(-BACK_MS);
        let oldest = self.clock.now().plus_ms(-REDELIVER_MS);
        if let Err(why) = ci.redeliver(oldest).await {
            tracing::debug!(%why, "could not ask for lost deliveries");
        }
        let mut found = 0;
        for repo in self.polled(&**ci).await {
            match ci.recent(&repo, since).await {
                Ok(deliveries) => {
                    for mut delivery in deliveries {
                        delivery.body = crate::evidence::redact::body(delivery.body.as_bytes());
                        found += u64::from(self.store.put_delivery(delivery).await? == crate::ports::Put::New);
                    }
                }
                Err(why) => tracing::debug!(%repo, %why, "could not read recent runs"),
            }
        }
        if found > 0 {
            self.turn_due.notify_one();
        }
        Ok(found)
    }

    /// The repositories to look at: those named, and those that a wildcard means.
    async fn polled(&self, ci: &dyn Ci) -> Vec<Repo> {
        let is_glob = |name: &&String| name.contains('*');
        let named = self.filter.repositories.iter().filter(|name| !is_glob(name)).filter_map(|name| name.parse().ok());
        let mut all: Vec<Repo> = named.collect();
        if !self.filter.repositories.iter().any(|name| is_glob(&name)) {
            return all;
        }
        all.extend(self.list(ci).await.into_iter().filter(|repo| self.filter.has_repo(repo)));
        all.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        all.dedup();
        // Of very many, some each time, in turn.
        if all.len() > POLLED_MAX {
            let round = usize::try_from(self.clock.now().0 / MINUTE_MS).unwrap_or(0);
            let at = round.wrapping_mul(POLLED_MAX) % all.len();
            all.rotate_left(at);
            all.truncate(POLLED_MAX);
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
                *kept = Listed { at, repos: repos.clone(), round: kept.round };
                repos
            }
            Err(why) => {
                tracing::warn!(%why, "the repositories that wildcards mean could not be listed");
                kept
            }
        }
    }

    fn listed(&self) -> std::sync::MutexGuard<'_, Listed> {
        self.listed.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// An installation changed: the list is asked for anew.
    pub(super) fn forget_listed(&self) {
        let mut kept = self.listed();
        kept.at = None;
        kept.round += 1;
    }
}
