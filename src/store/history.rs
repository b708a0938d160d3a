//! History in the store: what executions of jobs and tests came to, found again in milliseconds.
//!
//! ```text
//! name <-> number                           repositories, branches, workflows, jobs, tests
//! (repository, job, test) <-> series        executions of one job or test
//! cell (repository, test, series)           the same test in other jobs and matrix cells
//! block (series, run, attempt)              up to 96 executions (`history::block`)
//! run failures (repository, run, attempt)   what failed together
//! sightings (fingerprint)                   where a fingerprint was seen, newest first
//! tide (repository, ten minutes)            how many jobs ended, and how many failed
//! repository                                its default branch
//! ```
//!
//! An execution is named by its run, attempt, job and test: one that is known changes nothing.

mod block;
mod lookup;
mod names;
mod record;
mod retain;

pub use lookup::Lookup;
pub use names::Names;
pub use record::{record, stage};
pub use retain::retain;

use super::backend::Backend;
use crate::ports::StoreError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

type Result<T> = std::result::Result<T, StoreError>;

fn broken(why: impl std::fmt::Display) -> StoreError {
    StoreError::Broken(format!("a record of history cannot be read: {why}"))
}

fn packed<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    postcard::to_allocvec(value).map_err(broken)
}

fn unpacked<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    postcard::from_bytes(bytes).map_err(broken)
}

fn load<T: DeserializeOwned + Default>(backend: &dyn Backend, key: &[u8]) -> Result<T> {
    backend.get(key)?.map_or_else(|| Ok(T::default()), |bytes| unpacked(&bytes))
}

/// What failed in one attempt of a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct RunFailures {
    at: i64,
    /// At most [`FAILURES_KEPT`].
    series: Vec<u32>,
    more: u32,
}

const FAILURES_KEPT: usize = 48;
/// Sightings kept of one fingerprint.
const SIGHTINGS_KEPT: usize = 64;
/// Branches counted while nobody says which is the default.
const BRANCHES_KEPT: usize = 32;
/// One row of the tide.
const SLOT_MS: i64 = 600_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct RepoRow {
    /// 0 while nobody said it.
    default_branch: u32,
    /// How many executions each branch had.
    branches: Vec<(u32, u64)>,
}

/// What a series is executions of: numbers of names; a job of its own has test 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct SeriesRow {
    repo: u32,
    job: u32,
    test: u32,
    /// The job without its matrix cell.
    base: u32,
}
