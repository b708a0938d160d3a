//! What a CI provider still knows of runs that have ended.

use super::integrations::{LogStream, PortError};
use super::store::Delivery;
use crate::domain::executed::{Artifact, Executed, ExecutedJob};
use crate::domain::ids::{Repo, RunId};
use crate::domain::time::Time;
use async_trait::async_trait;
use std::time::Duration;

/// A page of runs that have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunPage {
    /// Newest first.
    pub runs: Vec<Executed>,
    /// How many there are in all pages.
    pub total: u64,
}

/// By default a provider keeps nothing.
#[async_trait]
pub trait PastRuns: Send + Sync {
    /// Runs that have ended and were created from `since` to `until`: the newest of them, a page.
    async fn ended(&self, _repo: &Repo, _since: Time, _until: Time) -> Result<RunPage, PortError> {
        Ok(RunPage::default())
    }
    /// The end of a run's newest attempt, as its webhook would have told it; `None` where the attempt has not ended.
    async fn told(&self, _repo: &Repo, _run: RunId) -> Result<Option<Delivery>, PortError> {
        Err(PortError::permanent("this CI keeps no runs that have ended"))
    }
    /// The jobs of all attempts of a run that have ended. A job that a re-run took over as it was is told once.
    async fn executed(&self, _repo: &Repo, _run: RunId) -> Result<Vec<ExecutedJob>, PortError> {
        Ok(Vec::new())
    }
    /// One attempt of a run.
    async fn attempt(&self, _repo: &Repo, _run: RunId, _attempt: u32) -> Result<Executed, PortError> {
        Err(PortError::permanent("this CI keeps no runs that have ended"))
    }
    /// The artifacts of all attempts of a run that can still be downloaded.
    async fn artifacts(&self, _repo: &Repo, _run: RunId) -> Result<Vec<Artifact>, PortError> {
        Ok(Vec::new())
    }
    /// An artifact's bytes, a zip archive.
    async fn download(&self, _repo: &Repo, _artifact: u64) -> Result<LogStream, PortError> {
        Err(PortError::permanent("this CI keeps no artifacts"))
    }
    /// How long work that nobody waits for has to leave the remaining calls to others; `None`: it may go on.
    fn spare(&self, _repo: &Repo) -> Option<Duration> {
        None
    }
}
