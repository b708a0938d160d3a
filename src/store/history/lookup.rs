//! Reading history: a series, and everything that bears on a failure.

use super::block;
use super::names::{cell_base, known, known_series, name, series_row};
use super::{RepoRow, Result, RunFailures, SLOT_MS, SeriesRow, broken, load, unpacked};
use crate::domain::outcome::{Outcome, number, without_cell};
use crate::domain::past::{Fellow, Past, Row, Tide, with_implied};
use crate::domain::time::DAY_MS;
use crate::ports::Named;
use crate::store::backend::Backend;
use crate::store::keys;

/// Blocks read of one series: what is older says little of today.
const BLOCKS: usize = 48;
/// Blocks read of a series that is looked at beside another.
const BLOCKS_BESIDE: usize = 8;
/// Failures of the same run that are looked at.
const FELLOWS: usize = 12;
/// Matrix cells that are looked at.
const CELLS: usize = 24;
/// Tests of a failed job that are judged.
const PARTS: usize = 6;
/// How far around a failure other jobs count, in slots of ten minutes.
const AROUND_SLOTS: i64 = 2;
const USUAL_DAYS: i64 = 14;

/// Reads of one store.
pub struct Lookup<'a>(pub &'a dyn Backend);

impl Lookup<'_> {
    /// Every series, or those of one repository, with its name.
    pub fn series(&self, repo: Option<&str>) -> Result<Vec<(u32, Named)>> {
        let only = match repo {
            Some(repo) => match known(self.0, repo)? {
                Some(number) => Some(number),
                None => return Ok(Vec::new()),
            },
            None => None,
        };
        let mut all = Vec::new();
        for (key, bytes) in self.0.scan(&[keys::SERIES_OF], &[], usize::MAX)? {
            let row: SeriesRow = unpacked(&bytes)?;
            if only.is_none_or(|repo| repo == row.repo) {
                let test = if row.test == 0 { None } else { Some(name(self.0, row.test)?) };
                let named = Named { repo: name(self.0, row.repo)?, job: name(self.0, row.job)?, test };
                all.push((key[1..].try_into().map_or(0, u32::from_be_bytes), named));
            }
        }
        Ok(all)
    }

    /// A series' newest executions by time, with the repository's default branch.
    pub fn rows(&self, series: u32) -> Result<(Vec<Row>, u32)> {
        let row = series_row(self.0, series)?;
        Ok((self.of(series, row, BLOCKS)?, self.default_branch(row.repo)?))
    }

    /// A series' newest executions, with passes that its job implies.
    fn of(&self, series: u32, row: SeriesRow, blocks: usize) -> Result<Vec<Row>> {
        let rows = self.newest(series, blocks)?;
        let job = if row.test == 0 { None } else { known_series(self.0, row.repo, row.job, 0)? };
        Ok(match job {
            Some(job) => with_implied(rows, &self.newest(job, blocks)?),
            None => rows,
        })
    }

    fn newest(&self, series: u32, blocks: usize) -> Result<Vec<Row>> {
        let prefix = keys::numbers(keys::BLOCK, &[series]);
        let end = keys::numbers(keys::BLOCK, &[series.saturating_add(1)]);
        let mut rows = Vec::new();
        for (_, bytes) in self.0.scan_down(&prefix, &end, blocks)? {
            rows.extend(block::read(&bytes).map_err(broken)?);
        }
        rows.sort_by_key(|row| (row.at, row.run, row.attempt));
        Ok(rows)
    }

    /// What bears on one failure. The failure itself need not be known.
    pub fn past(&self, failure: &Outcome) -> Result<(Past, Row)> {
        let unheard = |name: &str| match name {
            "" => Ok(0),
            name => known(self.0, name).map(|number| number.unwrap_or(u32::MAX)),
        };
        let repo = unheard(failure.repo.raw())?;
        let job = unheard(failure.job.raw())?;
        let test = unheard(failure.test.as_ref().map_or("", |test| test.raw()))?;
        let row = Row {
            run: failure.run,
            attempt: failure.attempt,
            ended: failure.ended,
            branch: unheard(failure.branch.raw())?,
            workflow: unheard(failure.workflow.raw())?,
            sha: number(&failure.sha),
            at: failure.at.0,
            duration_ms: failure.duration_ms.unwrap_or(0),
            print: failure.fingerprint.as_deref().map_or(0, number),
            harmless: None,
        };
        let base = unheard(without_cell(failure.job.raw()))?;
        let series = known_series(self.0, repo, job, test)?;
        let told = failure.default_branch.as_ref().map(|branch| unheard(branch.raw())).transpose()?;
        let mut past = Past { is_test: failure.test.is_some(), ..Past::default() };
        past.default_branch = match told {
            Some(branch) => branch,
            None => self.default_branch(repo)?,
        };
        if let Some(series) = series {
            past.series = series;
            past.rows = self.of(series, SeriesRow { repo, job, test, base }, BLOCKS)?;
        }
        past.cells = self.cells(SeriesRow { repo, job, test, base }, series, row.sha)?;
        self.fellows(&mut past, repo, job, &row)?;
        if !past.is_test {
            past.parts = self.parts(failure, repo, job)?;
        }
        past.sightings =
            if row.print == 0 { Vec::new() } else { load(self.0, &keys::number(keys::SIGHTINGS, row.print))? };
        let slot = row.at.div_euclid(SLOT_MS);
        past.around = self.tide(0, slot - AROUND_SLOTS, slot + AROUND_SLOTS)?;
        past.here = self.tide(repo, slot - AROUND_SLOTS, slot + AROUND_SLOTS)?;
        let usual = USUAL_DAYS * DAY_MS / SLOT_MS;
        past.usual = self.tide(repo, slot - usual, slot + usual)?;
        Ok((past, row))
    }

    fn cells(&self, of: SeriesRow, but: Option<u32>, sha: u64) -> Result<Vec<Row>> {
        let prefix = keys::numbers(keys::CELL, &[of.repo, of.test, cell_base(of)]);
        let mut rows = Vec::new();
        for (key, _) in self.0.scan(&prefix, &[], CELLS)? {
            let series = key.get(13..17).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
            if Some(series) != but {
                rows.extend(self.newest(series, BLOCKS_BESIDE)?.into_iter().filter(|row| row.sha == sha));
            }
        }
        Ok(rows)
    }

    fn fellows(&self, past: &mut Past, repo: u32, job: u32, failure: &Row) -> Result<()> {
        let run: RunFailures = load(self.0, &keys::run_failures(repo, failure.run, failure.attempt))?;
        past.more_fellows = run.more;
        for series in run.series.into_iter().filter(|series| *series != past.series) {
            let row = series_row(self.0, series)?;
            // A test's own job fails with it and says nothing new.
            if past.is_test && row.test == 0 && row.job == job {
                continue;
            }
            if past.fellows.len() == FELLOWS {
                past.more_fellows += 1;
                continue;
            }
            let rows = self.of(series, row, BLOCKS_BESIDE)?;
            past.fellows.push(Fellow { same_job: row.job == job, is_test: row.test != 0, rows });
        }
        Ok(())
    }

    /// The tests that failed with their job.
    fn parts(&self, of: &Outcome, repo: u32, job: u32) -> Result<Vec<(Past, Row)>> {
        let run: RunFailures = load(self.0, &keys::run_failures(repo, of.run, of.attempt))?;
        let mut parts = Vec::new();
        for series in run.series {
            let row = series_row(self.0, series)?;
            if row.job != job || row.test == 0 {
                continue;
            }
            let own = self.newest(series, BLOCKS_BESIDE)?;
            let Some(own) = own.iter().find(|row| row.run == of.run && row.attempt == of.attempt) else { continue };
            let test = Outcome { test: Some(name(self.0, row.test)?.into()), ended: own.ended, ..of.clone() };
            let (past, row) = self.past(&test)?;
            let print = own.print;
            let sightings = if print == 0 { Vec::new() } else { load(self.0, &keys::number(keys::SIGHTINGS, print))? };
            parts.push((Past { sightings, ..past }, Row { print, ..row }));
            if parts.len() == PARTS {
                break;
            }
        }
        Ok(parts)
    }

    fn tide(&self, repo: u32, from: i64, until: i64) -> Result<Tide> {
        let prefix = keys::numbers(keys::TIDE, &[repo]);
        let last = keys::tide(repo, until);
        let mut sum = Tide::default();
        for (key, bytes) in self.0.scan(&prefix, &keys::tide(repo, from), usize::MAX)? {
            if key > last {
                break;
            }
            let tide: Tide = unpacked(&bytes)?;
            sum.jobs += tide.jobs;
            sum.failed += tide.failed;
        }
        Ok(sum)
    }

    /// The branch that was named the default, else `main`, `master` or `trunk`, else the one with most executions.
    fn default_branch(&self, repo: u32) -> Result<u32> {
        let row: RepoRow = load(self.0, &keys::numbers(keys::REPO, &[repo]))?;
        if row.default_branch != 0 {
            return Ok(row.default_branch);
        }
        for usual in ["main", "master", "trunk"] {
            if let Some(number) = known(self.0, usual)?.filter(|n| row.branches.iter().any(|(branch, _)| branch == n)) {
                return Ok(number);
            }
        }
        Ok(row.branches.iter().max_by_key(|(_, count)| *count).map_or(0, |(branch, _)| *branch))
    }
}
