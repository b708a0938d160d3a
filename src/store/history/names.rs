//! Names as numbers, and back.

use super::{Result, SeriesRow, broken, packed, unpacked};
use crate::domain::outcome::without_cell;
use crate::store::backend::{Backend, Batch};
use crate::store::keys;
use std::collections::HashMap;

/// Names that were looked up lately. Only whoever writes keeps one: numbers are given out here.
#[derive(Debug, Default)]
pub struct Names {
    numbers: HashMap<String, u32>,
    series: HashMap<(u32, u32, u32), u32>,
    next_name: u32,
    next_series: u32,
}

/// Names kept in memory; then they are looked up again.
const CACHED_MAX: usize = 200_000;

fn number(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_be_bytes)
}

/// A longer name is cut: no key should hold a megabyte that somebody called a job.
const CHARS_MAX: usize = 512;

fn cut(name: &str) -> &str {
    name.char_indices().nth(CHARS_MAX).map_or(name, |(end, _)| &name[..end])
}

/// The number of a name; `None` where it was never heard of.
pub fn known(backend: &dyn Backend, name: &str) -> Result<Option<u32>> {
    let name = cut(name);
    Ok(backend.get(&keys::text(keys::NAME, name))?.map(|bytes| number(&bytes)))
}

pub fn known_series(backend: &dyn Backend, repo: u32, job: u32, test: u32) -> Result<Option<u32>> {
    Ok(backend.get(&keys::numbers(keys::SERIES, &[repo, job, test]))?.map(|bytes| number(&bytes)))
}

pub fn name(backend: &dyn Backend, number: u32) -> Result<String> {
    let bytes = backend.get(&keys::numbers(keys::NAME_OF, &[number]))?.unwrap_or_default();
    String::from_utf8(bytes).map_err(broken)
}

pub fn series_row(backend: &dyn Backend, series: u32) -> Result<SeriesRow> {
    let bytes = backend.get(&keys::numbers(keys::SERIES_OF, &[series]))?;
    unpacked(&bytes.ok_or_else(|| broken("a series has no name"))?)
}

/// The highest number given out in a table of numbers.
fn highest(backend: &dyn Backend, table: u8) -> Result<u32> {
    let newest = backend.scan_down(&[table], &[table + 1], 1)?;
    Ok(newest.first().map_or(0, |(key, _)| number(&key[1..])))
}

impl Names {
    /// Forgets what it kept, for instance after a write that failed.
    pub fn reset(&mut self) {
        *self = Self::default();
    }

    fn begin(&mut self, backend: &dyn Backend) -> Result<()> {
        if self.numbers.len() + self.series.len() > CACHED_MAX {
            self.reset();
        }
        if self.next_name == 0 {
            self.next_name = highest(backend, keys::NAME_OF)? + 1;
            self.next_series = highest(backend, keys::SERIES_OF)? + 1;
        }
        Ok(())
    }

    /// The number of a name, given out now where it is new; the empty name is 0.
    pub fn number(&mut self, backend: &dyn Backend, batch: &mut Batch, name: &str) -> Result<u32> {
        let name = cut(name);
        if name.is_empty() {
            return Ok(0);
        }
        if let Some(number) = self.numbers.get(name) {
            return Ok(*number);
        }
        self.begin(backend)?;
        let number = if let Some(number) = known(backend, name)? {
            number
        } else {
            let number = self.next_name;
            self.next_name += 1;
            batch.put(keys::text(keys::NAME, name), number.to_be_bytes().to_vec());
            batch.put(keys::numbers(keys::NAME_OF, &[number]), name.as_bytes().to_vec());
            number
        };
        self.numbers.insert(name.to_owned(), number);
        Ok(number)
    }

    pub fn series(
        &mut self,
        backend: &dyn Backend,
        batch: &mut Batch,
        (repo, job, test): (u32, u32, u32),
        job_name: &str,
    ) -> Result<u32> {
        if let Some(series) = self.series.get(&(repo, job, test)) {
            return Ok(*series);
        }
        let base = self.number(backend, batch, without_cell(job_name))?;
        self.begin(backend)?;
        let series = if let Some(series) = known_series(backend, repo, job, test)? {
            series
        } else {
            let series = self.next_series;
            self.next_series += 1;
            batch.put(keys::numbers(keys::SERIES, &[repo, job, test]), series.to_be_bytes().to_vec());
            let row = SeriesRow { repo, job, test, base };
            batch.put(keys::numbers(keys::SERIES_OF, &[series]), packed(&row)?);
            batch.put(keys::numbers(keys::CELL, &[repo, test, cell_base(row), series]), Vec::new());
            series
        };
        self.series.insert((repo, job, test), series);
        Ok(series)
    }
}

/// Cells of a job share the job's name; a test is the same in whatever job.
pub fn cell_base(row: SeriesRow) -> u32 {
    if row.test == 0 { row.base } else { 0 }
}
