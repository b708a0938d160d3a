//! What executions of jobs and tests came to. Part of what is remembered: the store keeps it.

use super::store::StoreError;
use crate::domain::outcome::Outcome;
use crate::domain::past::{Past, Row};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// What came of recording outcomes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    pub new: u64,
    /// The same run, attempt, job and test was there already.
    pub known: u64,
}

/// What a series is executions of.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Named {
    pub repo: String,
    pub job: String,
    /// `None` for a job of its own.
    pub test: Option<String>,
}

#[async_trait]
pub trait History: Send + Sync {
    /// Adds outcomes, in one transaction; those that are known change nothing.
    async fn record(&self, outcomes: Vec<Outcome>) -> Result<Recorded, StoreError>;
    /// Every series, or those of one repository, with its number.
    async fn series(&self, repo: Option<&str>) -> Result<Vec<(u32, Named)>, StoreError>;
    /// A series' newest executions by time (about 4,600 at most), and the number of its default branch.
    async fn executions(&self, series: u32) -> Result<(Vec<Row>, u32), StoreError>;
    /// History as it would be with these outcomes too. Nothing is written.
    async fn with(&self, outcomes: &[Outcome]) -> Result<Box<dyn Pasts>, StoreError>;
}

/// Where to look up what bears on a failure.
pub trait Pasts: Send {
    /// The failure itself need not be known.
    ///
    /// # Errors
    /// The disk failed.
    fn past(&self, failure: &Outcome) -> Result<(Past, Row), StoreError>;
}

/// What the command line and the API ask of history; the answer is newline-delimited JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HistoryAsked {
    /// Outcomes, a line each; `before` lines of the same source came earlier. Answered by one line.
    Import { lines: Vec<u8>, before: u64 },
    /// The score of every series, or of one repository's.
    Score { repo: Option<String> },
    /// What caused these failures, a line each and in their order. Nothing is written.
    Classify { lines: Vec<u8> },
}
