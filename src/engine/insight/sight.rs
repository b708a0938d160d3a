//! Incidents as far as somebody at the console may see them.

use crate::domain::actor::Role;
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::incident::Incident;
use crate::engine::Engine;
use crate::engine::access::{REPOS_MAX, sight, told};
use crate::policy::access::{Reader, Sight};
use crate::ports::{Query, StoreError};
use std::collections::BTreeSet;

/// Incidents that are read for one page, in multiples of its length: then it ends, and says where the next one begins.
const READS: usize = 10;

impl Engine {
    pub(super) async fn sees(
        &self,
        reader: &Reader,
        incidents: &[IncidentNo],
    ) -> Result<BTreeSet<IncidentNo>, StoreError> {
        let mut found = Vec::new();
        for no in incidents {
            found.extend(self.store.incident(*no).await?.map(|incident| (*no, incident.repo)));
        }
        let open = self.may_read(reader, found.iter().map(|(_, repo)| repo.clone()).collect()).await;
        Ok(found.into_iter().filter(|(_, repo)| open.contains(repo)).map(|(no, _)| no).collect())
    }

    pub(super) async fn seen_incidents(
        &self,
        reader: &Reader,
        query: Query,
    ) -> Result<(Vec<Incident>, Option<u64>), StoreError> {
        let (limit, mut query, mut seen) = (query.limit, query, Vec::new());
        for _ in 0..READS {
            let found = self.store.incidents(&query).await?;
            let last = found.last().filter(|_| found.len() == limit).map(|incident| incident.no.0);
            let open = self.may_read(reader, found.iter().map(|incident| incident.repo.clone()).collect()).await;
            seen.extend(found.into_iter().filter(|incident| open.contains(&incident.repo)));
            query.before = last;
            if last.is_none() || seen.len() > limit {
                break;
            }
        }
        let rest = seen.len() > limit;
        seen.truncate(limit);
        let next = if rest { seen.last().map(|incident| incident.no.0) } else { query.before };
        Ok((seen, next))
    }

    /// The repositories that they may see; `None` for all. An error where that cannot be told of each.
    pub(super) async fn scope(&self, reader: &Reader) -> Result<Option<BTreeSet<Repo>>, StoreError> {
        if reader.person.role == Role::Admin {
            return Ok(None);
        }
        let names = self.store.audited().await?;
        let repos = {
            let state = self.state.lock().await;
            let named = names.iter().filter_map(|name| name.parse::<Repo>().ok());
            named.map(|repo| state.names.current(&repo)).collect()
        };
        self.whole(reader, repos).await.map(Some)
    }

    /// All of them that they may read, a round of questions at a time.
    async fn whole(&self, reader: &Reader, repos: BTreeSet<Repo>) -> Result<BTreeSet<Repo>, StoreError> {
        let login = reader.person.github.as_deref();
        let mut left = self.unknown(reader, &repos).await;
        while !left.is_empty() {
            self.may_read(reader, left.iter().take(REPOS_MAX).cloned().collect()).await;
            let still = self.unknown(reader, &left).await;
            // What the forge does not tell is not left out in silence.
            if left.iter().take(REPOS_MAX).any(|repo| still.contains(repo)) {
                let who = login.unwrap_or("this account");
                return Err(StoreError::Broken(format!("GitHub does not say what {who} may read; try again")));
            }
            left = still;
        }
        Ok(self.may_read(reader, repos).await)
    }

    /// Those that the forge has to be asked about and has not told lately.
    async fn unknown(&self, reader: &Reader, repos: &BTreeSet<Repo>) -> BTreeSet<Repo> {
        let login = reader.person.github.as_deref();
        let (state, answers) = (self.state.lock().await, self.answers.lock().await);
        let settings = self.settings();
        let asks =
            |repo: &&Repo| sight(&settings.rules, &state.names, reader, repo) == Sight::Ask && self.forge.is_some();
        let unknown = |repo: &&Repo| told(&answers, login, repo, self.clock.now()).is_none();
        repos.iter().filter(asks).filter(unknown).cloned().collect()
    }
}
