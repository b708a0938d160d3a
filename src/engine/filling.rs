//! Which repositories' history is filled, and when: in the background, after everything that somebody waits for.

use super::fill::{Filler, KEY};
use super::{Engine, Parts};
use crate::domain::executed::Filled;
use crate::domain::ids::Repo;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Time};
use crate::ports::{Lines, StoreError};
use futures::{StreamExt, stream};
use serde_json::json;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A list of repositories is believed for so long.
const LISTED_MS: i64 = HOUR_MS;

/// What is to be filled.
pub(super) struct Filling {
    filler: Arc<Filler>,
    left: Mutex<Left>,
}

/// Repositories that are not known to be read.
#[derive(Default)]
struct Left {
    /// When they are listed anew.
    list_at: Option<Time>,
    /// The next one last.
    repos: Vec<Repo>,
}

impl Filling {
    /// `None` without a forge to ask.
    pub fn of(parts: &Parts) -> Option<Self> {
        let ci = parts.ci.clone()?;
        Some(Self { filler: Filler::new(parts.store.clone(), ci, parts.clock.clone()), left: Mutex::default() })
    }

    fn left(&self) -> MutexGuard<'_, Left> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// An installation changed: the repositories are listed anew.
    pub(super) fn list_again(&self) {
        if let Some(filling) = &self.filling {
            filling.left().list_at = None;
        }
    }

    /// Reads one piece of the past of some repository. `false` where nothing is left, or others need the forge's calls.
    ///
    /// # Errors
    /// The store failed; what was read stands.
    pub async fn fill(&self) -> Result<bool, StoreError> {
        let Some(filling) = &self.filling else { return Ok(false) };
        let now = self.clock.now();
        if filling.left().list_at.is_none_or(|at| at <= now) {
            let (mut repos, all) = self.unfilled(&filling.filler).await?;
            repos.reverse();
            let list_at = Some(now.plus_ms(if all { LISTED_MS } else { MINUTE_MS }));
            *filling.left() = Left { list_at, repos };
        }
        let Some(repo) = filling.left().repos.last().cloned() else { return Ok(false) };
        if filling.filler.pause(&repo).is_some() {
            return Ok(false);
        }
        let filled = filling.filler.step(&repo).await?;
        if filled.done {
            filling.left().repos.retain(|left| *left != repo);
        }
        Ok(filled.waits.is_none() || filled.done)
    }

    /// Ours that are not read yet, and whether the forge listed all.
    async fn unfilled(&self, filler: &Filler) -> Result<(Vec<Repo>, bool), StoreError> {
        let known = self.state.lock().await.names.known();
        let (repos, unlisted) = filler.unfilled(&self.settings().filter, known).await?;
        if let Some(why) = &unlisted {
            tracing::debug!(%why, "the repositories whose past is to be read could not be listed");
        }
        Ok((repos, unlisted.is_none()))
    }

    /// Fills what is left, or one repository anew, as fast as the forge's limits allow.
    pub(super) async fn fill_now(&self, repo: Option<Repo>) -> Result<Lines, StoreError> {
        let Some(filling) = &self.filling else { return Ok(stream::empty().boxed()) };
        let repos = match repo {
            Some(repo) => {
                let repo = self.state.lock().await.names.current(&repo);
                if !self.settings().filter.has_repo(&repo) {
                    let waits = Some("it is outside github.repositories".into());
                    let refused = Filled { repo, runs: 0, of: 0, done: true, waits };
                    return Ok(stream::iter([Ok(format!("{}\n", json!(refused)).into_bytes())]).boxed());
                }
                filling.filler.forget(&repo).await?;
                vec![repo]
            }
            None => self.unfilled(&filling.filler).await?.0,
        };
        Ok(Arc::clone(&filling.filler).lines(repos))
    }

    /// How far each repository is.
    pub(super) async fn filled(&self) -> Result<Vec<Filled>, StoreError> {
        let rows = self.store.settings(KEY).await?;
        Ok(rows.into_iter().filter_map(|(_, row)| serde_json::from_value(row).ok()).collect())
    }
}
