//! Filling history from the forge's lists of runs, for a repository that we did not listen to before. No card comes of it.
//!
//! One piece of work is one call: a page of runs, or the jobs of one run. How far it is, is stored in one transaction
//! with what was read, so that a restart goes on where it was.

use super::RepoFilter;
use crate::domain::executed::{Executed, Filled};
use crate::domain::ids::Repo;
use crate::domain::time::{DAY_MS, Time};
use crate::history::outcomes;
use crate::ports::{Ci, Clock, Lines, PortError, Store, StoreError, Turn};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How far back runs are read: half of what history keeps says most of it.
pub const BACK_DAYS: i64 = 90;
/// Runs read of one repository: GitHub lists no more for one search.
pub const RUNS_MAX: u32 = 1_000;
/// How far each repository is.
pub const KEY: &str = "filled:";

/// How far a repository is, as it is stored.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Row {
    #[serde(flatten)]
    filled: Filled,
    since: Time,
    /// Runs that were created later have been read.
    until: Time,
    /// Runs with this number and higher ones have been read.
    below: u64,
}

/// The repository that is being read.
struct Going {
    row: Row,
    /// Runs of the page that was read last.
    page: VecDeque<Executed>,
}

/// Reads past runs into history.
pub struct Filler {
    store: Arc<dyn Store>,
    ci: Arc<dyn Ci>,
    clock: Arc<dyn Clock>,
    /// One piece of work at a time.
    going: Mutex<Option<Going>>,
}

impl Filler {
    #[must_use]
    pub fn new(store: Arc<dyn Store>, ci: Arc<dyn Ci>, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { store, ci, clock, going: Mutex::default() })
    }

    /// The repositories of these rules that are not read yet: those known first, then those named, then those listed.
    ///
    /// With why the forge did not list some.
    ///
    /// # Errors
    /// The store failed.
    pub async fn unfilled(
        &self,
        filter: &RepoFilter,
        known: Vec<Repo>,
    ) -> Result<(Vec<Repo>, Option<PortError>), StoreError> {
        let is_glob = |name: &&String| name.contains('*');
        let mut all = known;
        all.extend(filter.repositories.iter().filter(|name| !is_glob(name)).filter_map(|name| name.parse().ok()));
        let mut unlisted = None;
        if filter.repositories.is_empty() || filter.repositories.iter().any(|name| is_glob(&name)) {
            match self.ci.repositories().await {
                Ok(listed) => all.extend(listed),
                Err(why) => unlisted = Some(why),
            }
        }
        let (mut unfilled, mut seen) = (Vec::new(), HashSet::new());
        for repo in all.into_iter().filter(|repo| filter.has_repo(repo)) {
            if seen.insert(repo.as_str().to_ascii_lowercase()) && !self.is_done(&repo).await? {
                unfilled.push(repo);
            }
        }
        Ok((unfilled, unlisted))
    }

    /// How long reading has to wait, so that the calls that are left serve others.
    #[must_use]
    pub fn pause(&self, repo: &Repo) -> Option<Duration> {
        self.ci.spare(repo)
    }

    /// Whether all is read of a repository that can be.
    async fn is_done(&self, repo: &Repo) -> Result<bool, StoreError> {
        Ok(self.stored(repo).await?.is_some_and(|row| row.filled.done))
    }

    async fn stored(&self, repo: &Repo) -> Result<Option<Row>, StoreError> {
        let value = self.store.setting(&format!("{KEY}{repo}")).await?;
        // What cannot be read is read anew: outcomes that are known change nothing.
        Ok(value.and_then(|value| serde_json::from_value(value).ok()))
    }

    /// Begins anew with a repository's newest run.
    ///
    /// # Errors
    /// The store failed.
    pub async fn forget(&self, repo: &Repo) -> Result<(), StoreError> {
        let mut going = self.going.lock().await;
        *going = None;
        let settings = vec![(format!("{KEY}{repo}"), None)];
        self.store.commit(Turn { settings, ..Turn::default() }).await
    }

    /// Does one piece of work on a repository, and answers how far it is.
    ///
    /// # Errors
    /// The store failed; what was read before it stands.
    pub async fn step(&self, repo: &Repo) -> Result<Filled, StoreError> {
        let mut slot = self.going.lock().await;
        let mut going = match slot.take().filter(|going| going.row.filled.repo == *repo) {
            Some(going) => going,
            None => Going { row: self.begun(repo).await?, page: VecDeque::new() },
        };
        let done = if going.row.filled.done {
            Ok(())
        } else if let Some(run) = going.page.pop_front() {
            let read = self.read_run(&mut going.row, &run).await;
            if read.is_err() {
                going.page.push_front(run);
            }
            read
        } else {
            self.read_page(&mut going).await
        };
        let filled = match done {
            Ok(()) => Ok(going.row.filled.clone()),
            Err(Why::Store(why)) => return Err(why),
            Err(Why::Forge(why)) => self.refused(&mut going.row, &why).await,
        };
        *slot = Some(going);
        filled
    }

    async fn begun(&self, repo: &Repo) -> Result<Row, StoreError> {
        let now = self.clock.now();
        let filled = Filled { repo: repo.clone(), runs: 0, of: 0, done: false, waits: None };
        let fresh = Row { filled, since: now.plus_ms(-BACK_DAYS * DAY_MS), until: now, below: u64::MAX };
        Ok(self.stored(repo).await?.unwrap_or(fresh))
    }

    async fn read_page(&self, going: &mut Going) -> Result<(), Why> {
        let row = &mut going.row;
        let page = self.ci.ended(&row.filled.repo, row.since, row.until).await?;
        if row.filled.runs == 0 {
            row.filled.of = u32::try_from(page.total).unwrap_or(RUNS_MAX).min(RUNS_MAX);
        }
        going.page = page.runs.into_iter().filter(|run| run.run.0 < row.below).collect();
        row.filled.done = going.page.is_empty() || row.filled.runs >= RUNS_MAX;
        row.filled.waits = None;
        self.keep(row, Vec::new()).await
    }

    async fn read_run(&self, row: &mut Row, run: &Executed) -> Result<(), Why> {
        let jobs = match self.ci.executed(&run.repo, run.run).await {
            Ok(jobs) => jobs,
            // It was deleted since it was listed.
            Err(PortError::Permanent { why } | PortError::Gone { why }) => {
                tracing::debug!(repo = %run.repo, run = %run.run, why, "a run's jobs cannot be read");
                Vec::new()
            }
            Err(other) => return Err(other.into()),
        };
        let outcomes = jobs.iter().filter_map(|job| outcomes::past(run, job)).collect();
        let mut next = row.clone();
        next.below = run.run.0;
        next.until = run.created_at;
        next.filled.runs += 1;
        next.filled.of = next.filled.of.max(next.filled.runs);
        next.filled.done = next.filled.runs >= RUNS_MAX;
        next.filled.waits = None;
        self.keep(&next, outcomes).await?;
        told(&row.filled, &next.filled);
        *row = next;
        Ok(())
    }

    async fn keep(&self, row: &Row, outcomes: Vec<crate::domain::outcome::Outcome>) -> Result<(), Why> {
        let settings = vec![(format!("{KEY}{}", row.filled.repo), Some(json!(row)))];
        self.store.commit(Turn { settings, outcomes, ..Turn::default() }).await?;
        Ok(())
    }

    /// A repository that may not be read is done with; whatever passes is waited for.
    async fn refused(&self, row: &mut Row, why: &PortError) -> Result<Filled, StoreError> {
        row.filled.waits = Some(why.to_string());
        if matches!(why, PortError::Permanent { .. } | PortError::Gone { .. }) {
            row.filled.done = true;
            tracing::warn!(repo = %row.filled.repo, %why, "history: past runs cannot be read");
        }
        match self.keep(row, Vec::new()).await {
            Err(Why::Store(why)) => Err(why),
            _ => Ok(row.filled.clone()),
        }
    }

    /// Works through these repositories, a line of JSON for each piece of work: a [`Filled`]. It ends where it has to
    /// wait.
    #[must_use]
    pub fn lines(self: Arc<Self>, repos: Vec<Repo>) -> Lines {
        let repos: VecDeque<Repo> = repos.into();
        let work = |(filler, mut repos): (Arc<Self>, VecDeque<Repo>)| async move {
            let repo = repos.front()?.clone();
            let filled = match filler.pause(&repo) {
                Some(pause) => filler.waiting(&repo, pause).await,
                None => filler.step(&repo).await,
            };
            match &filled {
                Ok(Filled { done: true, .. }) => {
                    repos.pop_front();
                }
                Ok(Filled { waits: Some(_), .. }) | Err(_) => repos.clear(),
                Ok(_) => {}
            }
            let line = filled.map(|filled| format!("{}\n", json!(filled)).into_bytes());
            Some((line, (filler, repos)))
        };
        stream::unfold((self, repos), work).boxed()
    }

    async fn waiting(&self, repo: &Repo, pause: Duration) -> Result<Filled, StoreError> {
        let why =
            format!("GitHub's limit: half of this hour's calls are used; more in {} min", pause.as_secs() / 60 + 1);
        Ok(Filled { waits: Some(why), ..self.begun(repo).await?.filled })
    }
}

/// Why a piece of work did not come to its end.
enum Why {
    Store(StoreError),
    Forge(PortError),
}

impl From<StoreError> for Why {
    fn from(why: StoreError) -> Self {
        Self::Store(why)
    }
}

impl From<PortError> for Why {
    fn from(why: PortError) -> Self {
        Self::Forge(why)
    }
}

/// A line for each tenth, and at the end.
fn told(before: &Filled, now: &Filled) {
    let tenth = |filled: &Filled| u64::from(filled.runs) * 10 / u64::from(filled.of.max(1));
    if tenth(before) < tenth(now) {
        tracing::info!("history: {} {} of {} runs", now.repo, now.runs, now.of);
    }
}
