//! What the history of jobs tells: how many runs of default branches were green, and which jobs flake.

use super::{BACK_MS, week_of, weeks_ms};
use crate::domain::Repo;
use crate::domain::figures::{Figures, Share, Suite};
use crate::domain::outcome::Ended;
use crate::domain::past::Row;
use crate::domain::text::clean_line;
use crate::domain::time::Time;
use crate::history;
use crate::ports::{History, Named, StoreError};
use std::collections::{BTreeSet, HashMap};

/// Jobs whose history is read: those that failed lately first.
const JOBS_MAX: usize = 300;
/// Flaky jobs shown.
const SUITES_SHOWN: usize = 10;
/// Of a name, in characters.
const NAME_MAX: usize = 60;
/// Fewer flakes than this are nothing to show.
const FLAKES_MIN: f64 = 0.5;

/// When a run ended, and whether a job of it stayed red.
struct Build {
    at: i64,
    red: bool,
}

pub struct Builds {
    now: Time,
    builds: HashMap<(String, u64), Build>,
    suites: Vec<Suite>,
}

/// Reads the history of jobs; those named in `failing` are scored too.
pub async fn read(
    store: &(impl History + ?Sized),
    only: Option<&[Repo]>,
    failing: &BTreeSet<(String, String)>,
    now: Time,
) -> Result<Builds, StoreError> {
    let mut all: Vec<(bool, u32, Named)> = Vec::new();
    let one = only.filter(|only| only.len() == 1).and_then(|only| only.first()).map(Repo::as_str);
    let wanted = |repo: &str| only.is_none_or(|only| only.iter().any(|one| one.as_str() == repo));
    let jobs = |(_, named): &(u32, Named)| named.test.is_none() && wanted(&named.repo);
    for (series, named) in store.series(one).await?.into_iter().filter(jobs) {
        let failed = failing.contains(&(named.repo.clone(), named.job.clone()));
        all.push((failed, series, named));
    }
    all.sort_by_key(|(failed, ..)| !failed);
    let mut found = Builds { now, builds: HashMap::new(), suites: Vec::new() };
    for (failed, series, named) in all.into_iter().take(JOBS_MAX) {
        let (rows, default_branch) = store.executions(series).await?;
        found.add(&named.repo, &rows, default_branch);
        if failed {
            found.suites.extend(suite(&named, &rows, default_branch));
        }
        // Others get their turn between jobs.
        tokio::task::yield_now().await;
    }
    Ok(found)
}

/// A job's share in the runs of the default branch: its newest attempt counts.
fn newest(rows: &[Row], default_branch: u32, since: i64) -> HashMap<u64, &Row> {
    let mut newest: HashMap<u64, &Row> = HashMap::new();
    let counts = |row: &&Row| default_branch != 0 && row.branch == default_branch && row.at >= since;
    for row in rows.iter().filter(counts) {
        let known = newest.entry(row.run).or_insert(row);
        if row.attempt > known.attempt {
            *known = row;
        }
    }
    newest
}

fn suite(named: &Named, rows: &[Row], default_branch: u32) -> Option<Suite> {
    let score = history::score(rows, default_branch);
    (score.evidence.flakes >= FLAKES_MIN).then(|| Suite {
        repo: named.repo.clone(),
        job: clean_line(&named.job, NAME_MAX),
        executions: score.evidence.executions,
        flakes: score.evidence.flakes,
        rate: score.flake.score,
        low: score.flake.low,
        high: score.flake.high,
    })
}

impl Builds {
    fn add(&mut self, repo: &str, rows: &[Row], default_branch: u32) {
        for (run, row) in newest(rows, default_branch, self.now.plus_ms(-weeks_ms()).0) {
            // A job that was cancelled says nothing of the build, one that was skipped does not hold it back.
            if row.ended == Ended::Cancelled {
                continue;
            }
            let build = self.builds.entry((repo.to_owned(), run)).or_insert(Build { at: row.at, red: false });
            build.at = build.at.max(row.at);
            build.red |= row.ended.is_failure();
        }
    }

    /// The worst first.
    pub fn suites(&self) -> Vec<Suite> {
        let mut all = self.suites.clone();
        all.sort_by(|a, b| b.rate.total_cmp(&a.rate).then_with(|| (&a.repo, &a.job).cmp(&(&b.repo, &b.job))));
        all.truncate(SUITES_SHOWN);
        all
    }

    pub fn fill(&self, figures: &mut Figures) {
        let mut lately = Share::default();
        for build in self.builds.values() {
            let at = Time(build.at);
            if self.now.ms_since(at) <= BACK_MS {
                lately.add(!build.red);
            }
            if let Some(week) = week_of(self.now, at).and_then(|week| figures.weeks.get_mut(week)) {
                week.builds.add(!build.red);
            }
        }
        figures.builds = lately;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::DAY_MS;

    const NOW: Time = Time(1_767_268_800_000);

    fn row(run: u64, attempt: u32, ended: Ended, branch: u32, days: i64) -> Row {
        Row {
            run,
            attempt,
            ended,
            branch,
            workflow: 1,
            sha: run,
            at: NOW.plus_ms(-days * DAY_MS).0,
            duration_ms: 0,
            print: 0,
            harmless: None,
        }
    }

    fn builds(jobs: &[&[Row]]) -> Share {
        let mut found = Builds { now: NOW, builds: HashMap::new(), suites: Vec::new() };
        for rows in jobs {
            found.add("acme/shop", rows, 1);
        }
        let mut figures = Figures::default();
        found.fill(&mut figures);
        figures.builds
    }

    #[test]
    fn a_build_is_green_when_no_job_of_it_stayed_red() {
        use Ended::{Cancelled, Fail, Pass, Skip, Timeout};
        for (jobs, want) in [
            (vec![vec![row(1, 1, Pass, 1, 1)], vec![row(1, 1, Fail, 1, 1)]], (0, 1)),
            (vec![vec![row(1, 1, Fail, 1, 1), row(1, 2, Pass, 1, 1)]], (1, 1)),
            (vec![vec![row(1, 2, Pass, 1, 1), row(1, 1, Timeout, 1, 1)]], (1, 1)),
            (vec![vec![row(1, 1, Skip, 1, 1)], vec![row(2, 1, Timeout, 1, 1)]], (1, 2)),
            (vec![vec![row(1, 1, Cancelled, 1, 1), row(2, 1, Pass, 2, 1), row(3, 1, Pass, 1, 40)]], (0, 0)),
        ] {
            let rows: Vec<&[Row]> = jobs.iter().map(Vec::as_slice).collect();
            assert_eq!(builds(&rows), Share { yes: want.0, of: want.1 }, "{jobs:?}");
        }
    }
}
