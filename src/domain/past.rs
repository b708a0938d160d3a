//! What the store hands over to be judged: rows with names as numbers.

use super::outcome::Ended;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// One execution within a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub run: u64,
    pub attempt: u32,
    pub ended: Ended,
    /// Numbers of names: equal names have equal numbers, 0 is no name.
    pub branch: u32,
    pub workflow: u32,
    /// The commit's number.
    pub sha: u64,
    /// Milliseconds since the Unix epoch.
    pub at: i64,
    pub duration_ms: u64,
    /// The fingerprint's number; 0 is none.
    pub print: u64,
    /// A person said whether nothing was broken.
    pub harmless: Option<bool>,
}

/// A series that failed in the same run.
#[derive(Clone, Debug, Default)]
pub struct Fellow {
    /// In the same job, matrix cell included.
    pub same_job: bool,
    /// A test, not a job.
    pub is_test: bool,
    /// By time.
    pub rows: Vec<Row>,
}

/// How jobs ended in a span of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tide {
    pub jobs: u32,
    pub failed: u32,
}

/// Where else a fingerprint was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    pub series: u32,
    pub branch: u32,
    pub sha: u64,
    pub at: i64,
}

/// Everything that bears on one series, and on one failure of it.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// The series, by time.
    pub rows: Vec<Row>,
    pub series: u32,
    pub is_test: bool,
    /// 0 while unknown.
    pub default_branch: u32,
    /// The same test in other jobs or matrix cells, at the failure's commit.
    pub cells: Vec<Row>,
    pub fellows: Vec<Fellow>,
    /// Failures in the same run and attempt that `fellows` has no room for.
    pub more_fellows: u32,
    /// Newest first.
    pub sightings: Vec<Sighting>,
    /// For a job: its tests that failed with it, each with a past of its own. They are the cause of its failure.
    pub parts: Vec<(Past, Row)>,
    /// Jobs of all repositories around the failure.
    pub around: Tide,
    /// Jobs of the repository around the failure.
    pub here: Tide,
    /// Jobs of the repository in the weeks around it.
    pub usual: Tide,
}

/// Passes that nobody reported: much CI names only the tests that failed, and a job that passed passed them all.
///
/// Both are by time. Where a test's passes are reported, nothing is added.
#[must_use]
pub fn with_implied(rows: Vec<Row>, job: &[Row]) -> Vec<Row> {
    let passes = |rows: &[Row]| rows.iter().filter(|row| row.ended == Ended::Pass).count();
    // A fifth: reports get lost, and a test may be younger than its job.
    if rows.is_empty() || passes(&rows) * 5 >= passes(job) {
        return rows;
    }
    let known: HashSet<(u64, u32)> = rows.iter().map(|row| (row.run, row.attempt)).collect();
    let implied = job.iter().filter(|row| row.ended == Ended::Pass && !known.contains(&(row.run, row.attempt)));
    let mut all: Vec<Row> = implied.copied().chain(rows).collect();
    all.sort_by_key(|row| (row.at, row.run, row.attempt));
    all
}
