//! The true chances of failing with nothing broken, and their record.

use super::clock::Moment;
use super::history::Rate;
use super::setting::Setting;
use super::world::Repo;

/// A hiccup that lets the job go on takes down this many tests on average.
const MEAN_STRAY: f64 = 2.0;

/// The share of runner hiccups that fail single tests instead of the job.
pub const STRAY_SHARE: f64 = 0.3;

/// The chance that `test` flakes in one execution of `job`.
pub fn flake_rate(repo: &Repo, job: usize, test: usize, moment: Moment) -> f64 {
    let own = repo.tests[test].flake.as_ref().map_or(0.0, |flake| flake.rate(job, moment));
    let clusters = repo.clusters.iter().filter(|cluster| cluster.members.contains(&test));
    let shared = clusters.map(|cluster| cluster.flake.rate(job, moment) * cluster.spread);
    either(shared.chain([own]))
}

/// The same with runner hiccups.
pub fn test_rate(setting: &Setting, job: usize, test: usize, moment: Moment) -> f64 {
    let repo = setting.repo;
    let tests = (0..repo.tests.len()).filter(|&t| repo.runs(job, t, moment.base)).count();
    let share = (MEAN_STRAY / tests.max(1) as f64).min(1.0);
    let stray = setting.shape.weather.hiccup * STRAY_SHARE * share;
    either([flake_rate(repo, job, test, moment), stray].into_iter())
}

/// The chance that a job fails: a hiccup, a flake or a cluster's flake.
pub fn job_rate(setting: &Setting, job: usize, moment: Moment) -> f64 {
    let repo = setting.repo;
    let runs =
        |test: usize| repo.runs(job, test, moment.base) && repo.tests[test].skipped_on != Some(repo.jobs[job].os);
    let alone = repo.tests.iter().enumerate().filter_map(|(number, test)| {
        let flake = test.flake.as_ref().filter(|_| runs(number))?;
        Some(flake.rate(job, moment))
    });
    let together = repo.clusters.iter().map(|cluster| {
        let present = cluster.members.iter().filter(|&&t| runs(t)).count();
        let any = 1.0 - (1.0 - cluster.spread).powi(present as i32);
        cluster.flake.rate(job, moment) * any
    });
    either(alone.chain(together).chain([setting.shape.weather.hiccup]))
}

/// The chance that at least one of independent things happens.
fn either(chances: impl Iterator<Item = f64>) -> f64 {
    1.0 - chances.map(|p| 1.0 - p).product::<f64>()
}

/// Sums the flake rates over all executions of each test in each job.
pub struct Ledger {
    tests: usize,
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    sum: f64,
    last: f64,
    executions: u32,
}

impl Ledger {
    pub fn new(repo: &Repo) -> Self {
        let tests = repo.tests.len();
        Self { tests, entries: vec![Entry::default(); tests * repo.jobs.len()] }
    }

    pub fn add(&mut self, job: usize, test: usize, rate: f64) {
        let entry = &mut self.entries[job * self.tests + test];
        entry.sum += rate;
        entry.last = rate;
        entry.executions += 1;
    }

    /// One rate for each test and job that was executed.
    pub fn rates(&self, repo: &Repo) -> Vec<Rate> {
        let executed = self.entries.iter().enumerate().filter(|(_, entry)| entry.executions > 0);
        executed
            .map(|(place, entry)| Rate {
                repo: repo.name.clone(),
                job: repo.jobs[place / self.tests].name.clone(),
                test: repo.tests[place % self.tests].name.clone(),
                rate: entry.sum / f64::from(entry.executions),
                last: entry.last,
                executions: entry.executions,
            })
            .collect()
    }
}
