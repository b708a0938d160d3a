//! Writing outcomes: one batch, one transaction.

use super::block::{self, ROWS_MAX};
use super::names::Names;
use super::{
    BRANCHES_KEPT, FAILURES_KEPT, RepoRow, Result, RunFailures, SIGHTINGS_KEPT, SLOT_MS, broken, load, packed,
};
use crate::domain::outcome::{Outcome, number};
use crate::domain::past::{Row, Sighting, Tide};
use crate::ports::Recorded;
use crate::store::backend::{Backend, Batch};
use crate::store::keys;
use serde::de::DeserializeOwned;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

/// An outcome with its names as numbers.
struct Placed {
    repo: u32,
    series: u32,
    is_job: bool,
    default_branch: u32,
    row: Row,
}

/// Adds what is new, in one transaction.
pub fn record(backend: &dyn Backend, names: &mut Names, outcomes: &[Outcome]) -> Result<Recorded> {
    let mut batch = Batch::default();
    let staged = stage(backend, names, &mut batch, outcomes);
    let written = staged.and_then(|recorded| backend.apply(&batch).map(|()| recorded));
    if written.is_err() {
        // Numbers that were given out with it do not exist.
        names.reset();
    }
    written
}

/// Adds what is new to a batch that is applied as a whole. Whoever fails to stage or to apply it resets `names`.
pub fn stage(backend: &dyn Backend, names: &mut Names, batch: &mut Batch, outcomes: &[Outcome]) -> Result<Recorded> {
    let mut placed = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        placed.push(place(backend, names, batch, outcome)?);
    }
    let Added { new, told } = blocks(backend, batch, placed)?;
    let recorded = Recorded { new: new.len() as u64, known: (outcomes.len() - new.len()) as u64 };
    failures(backend, batch, &new)?;
    sightings(backend, batch, new.iter().chain(&told))?;
    tides(backend, batch, &new)?;
    repositories(backend, batch, &new)?;
    Ok(recorded)
}

fn place(backend: &dyn Backend, names: &mut Names, batch: &mut Batch, outcome: &Outcome) -> Result<Placed> {
    let repo = names.number(backend, batch, outcome.repo.raw())?;
    let job = names.number(backend, batch, outcome.job.raw())?;
    let test = names.number(backend, batch, outcome.test.as_ref().map_or("", |test| test.raw()))?;
    let default_branch = outcome.default_branch.as_ref().map_or("", |branch| branch.raw());
    let row = Row {
        run: outcome.run,
        attempt: outcome.attempt,
        ended: outcome.ended,
        branch: names.number(backend, batch, outcome.branch.raw())?,
        workflow: names.number(backend, batch, outcome.workflow.raw())?,
        sha: number(&outcome.sha),
        at: outcome.at.0,
        duration_ms: outcome.duration_ms.unwrap_or(0),
        print: outcome.fingerprint.as_deref().filter(|_| outcome.ended.is_failure()).map_or(0, number),
        harmless: outcome.harmless,
    };
    Ok(Placed {
        repo,
        series: names.series(backend, batch, (repo, job, test), outcome.job.raw())?,
        is_job: test == 0,
        default_branch: names.number(backend, batch, default_branch)?,
        row,
    })
}

/// Rows that were not there, and those whose fingerprint was told only now: a job ends before its log is read.
#[derive(Default)]
struct Added {
    new: Vec<Placed>,
    told: Vec<Placed>,
}

/// Puts the rows into their series' blocks.
fn blocks(backend: &dyn Backend, batch: &mut Batch, placed: Vec<Placed>) -> Result<Added> {
    let mut by_series: HashMap<u32, Vec<Placed>> = HashMap::new();
    for one in placed {
        by_series.entry(one.series).or_default().push(one);
    }
    let mut added = Added::default();
    for (series, mut rows) in by_series {
        rows.sort_by_key(|one| (one.row.run, one.row.attempt));
        let mut open: Option<Open> = None;
        for one in rows {
            let key = (one.row.run, one.row.attempt);
            if open.as_ref().is_none_or(|open| open.until.is_some_and(|until| key >= until)) {
                if let Some(done) = open.take() {
                    done.close(series, batch)?;
                }
                open = Some(Open::find(backend, series, key)?);
            }
            let Some(block) = &mut open else { continue };
            match block.rows.binary_search_by_key(&key, |row| (row.run, row.attempt)) {
                Err(at) => {
                    block.rows.insert(at, one.row);
                    block.changed = true;
                    added.new.push(one);
                }
                Ok(at) => {
                    let known = &mut block.rows[at];
                    if one.row.harmless.is_some() && known.harmless != one.row.harmless {
                        known.harmless = one.row.harmless;
                        block.changed = true;
                    }
                    if known.print == 0 && one.row.print != 0 {
                        known.print = one.row.print;
                        block.changed = true;
                        added.told.push(one);
                    }
                }
            }
        }
        if let Some(done) = open {
            done.close(series, batch)?;
        }
    }
    Ok(added)
}

/// A block that is being changed.
struct Open {
    /// Its key, if it is stored.
    key: Option<Vec<u8>>,
    rows: Vec<Row>,
    /// Where the next block begins.
    until: Option<(u64, u32)>,
    changed: bool,
}

impl Open {
    /// The block that a row belongs to.
    fn find(backend: &dyn Backend, series: u32, (run, attempt): (u64, u32)) -> Result<Self> {
        let prefix = keys::numbers(keys::BLOCK, &[series]);
        let just_after = [keys::block(series, run, attempt), vec![0]].concat();
        let mut found = backend.scan_down(&prefix, &just_after, 1)?;
        if found.is_empty() {
            found = backend.scan(&prefix, &[], 1)?;
        }
        let Some((key, bytes)) = found.pop() else {
            return Ok(Self { key: None, rows: Vec::new(), until: None, changed: false });
        };
        let next = backend.scan(&prefix, &[key.as_slice(), &[0]].concat(), 1)?;
        let rows = block::read(&bytes).map_err(broken)?;
        Ok(Self { key: Some(key), rows, until: next.first().map(|(key, _)| first_of(key)), changed: false })
    }

    fn close(self, series: u32, batch: &mut Batch) -> Result<()> {
        if !self.changed {
            return Ok(());
        }
        if let Some(key) = self.key {
            batch.remove(key);
        }
        // Blocks that fill up in order are left full; one that is split has room on both sides.
        let parts = self.rows.len().div_ceil(ROWS_MAX);
        for rows in self.rows.chunks(self.rows.len().div_ceil(parts).max(1)) {
            batch.put(keys::block(series, rows[0].run, rows[0].attempt), block::write(rows).map_err(broken)?);
        }
        Ok(())
    }
}

fn first_of(key: &[u8]) -> (u64, u32) {
    let run = key.get(5..13).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes);
    let attempt = key.get(13..17).and_then(|bytes| bytes.try_into().ok()).map_or(0, u32::from_be_bytes);
    (run, attempt)
}

/// What failed together.
fn failures(backend: &dyn Backend, batch: &mut Batch, new: &[Placed]) -> Result<()> {
    let mut runs: BTreeMap<Vec<u8>, RunFailures> = BTreeMap::new();
    for one in new.iter().filter(|one| one.row.ended.is_failure()) {
        let run = loaded(backend, &mut runs, keys::run_failures(one.repo, one.row.run, one.row.attempt))?;
        run.at = one.row.at;
        if run.series.len() < FAILURES_KEPT { run.series.push(one.series) } else { run.more += 1 }
    }
    for (key, run) in runs {
        batch.put(key, packed(&run)?);
    }
    Ok(())
}

/// Where fingerprints were seen.
fn sightings<'a>(backend: &dyn Backend, batch: &mut Batch, rows: impl Iterator<Item = &'a Placed>) -> Result<()> {
    let mut prints: BTreeMap<Vec<u8>, Vec<Sighting>> = BTreeMap::new();
    for one in rows.filter(|one| one.row.print != 0) {
        let Row { branch, sha, at, print, .. } = one.row;
        let seen = loaded(backend, &mut prints, keys::number(keys::SIGHTINGS, print))?;
        seen.push(Sighting { series: one.series, branch, sha, at });
    }
    for (key, mut seen) in prints {
        seen.sort_by_key(|seen| std::cmp::Reverse(seen.at));
        seen.truncate(SIGHTINGS_KEPT);
        batch.put(key, packed(&seen)?);
    }
    Ok(())
}

/// The record under a key as it is being changed.
fn loaded<'a, T: DeserializeOwned + Default>(
    backend: &dyn Backend,
    changed: &'a mut BTreeMap<Vec<u8>, T>,
    key: Vec<u8>,
) -> Result<&'a mut T> {
    Ok(match changed.entry(key) {
        Entry::Occupied(known) => known.into_mut(),
        Entry::Vacant(free) => {
            let record = load(backend, free.key())?;
            free.insert(record)
        }
    })
}

fn tides(backend: &dyn Backend, batch: &mut Batch, new: &[Placed]) -> Result<()> {
    let mut tides: BTreeMap<Vec<u8>, Tide> = BTreeMap::new();
    for one in new.iter().filter(|one| one.is_job && one.row.ended.is_telling()) {
        for repo in [0, one.repo] {
            let tide = loaded(backend, &mut tides, keys::tide(repo, one.row.at.div_euclid(SLOT_MS)))?;
            tide.jobs += 1;
            tide.failed += u32::from(one.row.ended.is_failure());
        }
    }
    for (key, tide) in tides {
        batch.put(key, packed(&tide)?);
    }
    Ok(())
}

fn repositories(backend: &dyn Backend, batch: &mut Batch, new: &[Placed]) -> Result<()> {
    let mut repos: BTreeMap<u32, (bool, RepoRow)> = BTreeMap::new();
    for one in new {
        let (changed, row) = match repos.entry(one.repo) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => free.insert((false, load(backend, &keys::numbers(keys::REPO, &[one.repo]))?)),
        };
        if one.default_branch != 0 && row.default_branch != one.default_branch {
            (row.default_branch, *changed) = (one.default_branch, true);
        }
        if row.default_branch == 0 && one.row.branch != 0 {
            *changed = true;
            match row.branches.iter().position(|(branch, _)| *branch == one.row.branch) {
                Some(at) => row.branches[at].1 += 1,
                None if row.branches.len() < BRANCHES_KEPT => row.branches.push((one.row.branch, 1)),
                None => {}
            }
        }
    }
    for (repo, (_, row)) in repos.into_iter().filter(|(_, (changed, _))| *changed) {
        batch.put(keys::numbers(keys::REPO, &[repo]), packed(&row)?);
    }
    Ok(())
}
