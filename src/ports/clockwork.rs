//! Workflows that run by the clock, and merge queues.

use super::integrations::PortError;
use crate::domain::cron::Line;
use crate::domain::facts::RunFacts;
use crate::domain::ids::Repo;
use crate::domain::queue::QueueFacts;
use crate::domain::text::Untrusted;
use async_trait::async_trait;
use std::collections::BTreeMap;

/// Whether a workflow may run at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    Active,
    /// The forge switched it off, because nothing happened in the repository.
    Inactive,
    /// A person switched it off.
    Disabled,
}

/// A workflow's file, as it was read last: its version, and the cron lines in it or why it cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Read {
    pub version: String,
    pub lines: Result<Vec<Line>, String>,
}

/// A workflow of the default branch with cron lines, or one that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timetable {
    /// The forge's id of it.
    pub id: u64,
    pub path: String,
    pub name: Untrusted,
    pub activity: Activity,
    /// The branch that schedules run on.
    pub default_branch: String,
    pub read: Read,
}

/// By default a provider has no clock.
#[async_trait]
pub trait Timetables: Send + Sync {
    /// The workflows of the default branch. Files whose version is `known` are not read again. Empty for a fork: GitHub
    /// runs no schedules there unless somebody enables them.
    async fn timetables(&self, _repo: &Repo, _known: &BTreeMap<String, Read>) -> Result<Vec<Timetable>, PortError> {
        Ok(Vec::new())
    }
    /// The workflow of this name, read anew; `None` where there is none.
    async fn timetable(&self, _repo: &Repo, _workflow: &Untrusted) -> Result<Option<Timetable>, PortError> {
        Ok(None)
    }
    /// The newest runs of a workflow that the clock started, newest first, a page of them.
    async fn by_the_clock(&self, _repo: &Repo, _workflow: u64) -> Result<Vec<RunFacts>, PortError> {
        Ok(Vec::new())
    }
}

/// By default a forge has no merge queues.
#[async_trait]
pub trait Queues: Send + Sync {
    async fn queued(&self, _repo: &Repo, _number: u64) -> Result<QueueFacts, PortError> {
        Err(PortError::permanent("this forge has no merge queues"))
    }
    /// The pull request is in its queue, if its head is `head`: looks first, so it may be asked twice.
    async fn enqueue(&self, _repo: &Repo, _number: u64, _id: &str, _head: &str) -> Result<(), PortError> {
        Err(PortError::permanent("this forge has no merge queues"))
    }
}
