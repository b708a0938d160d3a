//! sled, with the guards it needs.
//!
//! - `flush` alone is not safe against power loss (it calls `sync_file_range`): `sync_data` on `<path>/db` follows.
//! - A truncated `snap.*.generating`, left by a kill while opening, makes the database unopenable: it goes first.
//! - `flush_async` from many tasks can hang: only the writer thread flushes.
//! - The cache's default is 1 GiB: it is set.
//! - Values over about 64 KB go to blob files that are never reclaimed: larger values are compressed, by a compressor
//!   that costs less than the disk does.
//! - A write that fails on a thread of its own wakes nobody who waits for it: [`Waker`] does.
//! - It panics over what it cannot read: every call is caught ([`Damage::guard`]).

use super::backend::{EachRow, Pair};
use super::damage::{Damage, quietly};
use super::tally::Tally;
use super::wake::Waker;
use crate::ports::StoreError;
use ring::digest::{Context, SHA256};
use sled::transaction::{TransactionError, UnabortableTransactionError};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

const CACHE_BYTES: u64 = 64 << 20;
/// Below this a value is stored as it is.
const PLAIN_MAX: usize = 4 << 10;
/// First byte of a stored value.
const PLAIN: u8 = 0;
const PRESSED: u8 = 1;
/// Where the tally stands: before every table.
const TALLY: &[u8] = &[0];

/// Changes by key: `None` removes.
pub type Changes<'a> = BTreeMap<&'a [u8], Option<&'a [u8]>>;

pub struct Raw {
    /// `None` only while it is dropped.
    db: Option<sled::Db>,
    /// `None` only while it is dropped: it goes before the database does.
    waker: Option<Waker>,
    log: File,
    damage: Arc<Damage>,
}

impl Raw {
    /// Opens or makes the database in `dir`.
    pub fn open(dir: &Path, damage: Arc<Damage>) -> Result<Self, StoreError> {
        drop_half_snapshots(dir).map_err(|why| failed(dir, &why))?;
        let config = sled::Config::new().path(dir).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let db = damage.guard(|| config.open())?;
        let log = File::open(dir.join("db")).map_err(|why| failed(dir, &why))?;
        let waker = Waker::start(db.clone(), config).map_err(|why| failed(dir, &why))?;
        Ok(Self { db: Some(db), waker: Some(waker), log, damage })
    }

    fn ask<T>(&self, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        let Some(db) = &self.db else { return Err(StoreError::Broken("it is closed".into())) };
        self.damage.guard(|| work(db))
    }

    fn write<T>(&self, work: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, StoreError> {
        let Some(db) = &self.db else { return Err(StoreError::Broken("it is closed".into())) };
        self.damage.guard_write(|| work(db))
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.ask(|db| db.get(key))?.map(|stored| self.unpack(&stored)).transpose()
    }

    pub fn tally(&self) -> Result<Option<Tally>, StoreError> {
        let stored = self.ask(|db| db.get(TALLY))?;
        let decode =
            |stored: sled::IVec| Tally::decode(&stored).ok_or_else(|| self.damage.found("a record is damaged"));
        stored.map(decode).transpose()
    }

    pub fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        let start = prefix.max(from).to_vec();
        self.pairs(self.ask(|db| collect(db.range(start..), prefix, limit))?)
    }

    pub fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        if before < prefix {
            return Ok(Vec::new());
        }
        let range = prefix.to_vec()..before.to_vec();
        self.pairs(self.ask(|db| collect(db.range(range).rev(), prefix, limit))?)
    }

    fn pairs(&self, found: Vec<Stored>) -> Result<Vec<Pair>, StoreError> {
        found.into_iter().map(|(key, value)| Ok((key.to_vec(), self.unpack(&value)?))).collect()
    }

    /// Every row, in order.
    pub fn each(&self, row: EachRow<'_>) -> Result<(), StoreError> {
        self.each_between([TALLY, &[0]].concat(), None, row)
    }

    /// Those whose key is in a range, in order.
    pub fn each_in(&self, range: &Range<Vec<u8>>, row: EachRow<'_>) -> Result<(), StoreError> {
        self.each_between(range.start.clone(), Some(&range.end), row)
    }

    fn each_between(&self, mut from: Vec<u8>, end: Option<&Vec<u8>>, row: EachRow<'_>) -> Result<(), StoreError> {
        const AT_ONCE: usize = 1024;
        loop {
            let found = self.ask(|db| match end {
                Some(end) if *end <= from => Ok(Vec::new()),
                Some(end) => collect(db.range(from.clone()..end.clone()), &[], AT_ONCE),
                None => collect(db.range(from.clone()..), &[], AT_ONCE),
            })?;
            let Some((last, _)) = found.last() else { return Ok(()) };
            // Each key is followed by its own continuation: the next one starts after it.
            from = last.to_vec();
            from.push(0);
            for (key, stored) in &found {
                row(key, &self.unpack(stored)?)?;
            }
        }
    }

    /// The first key that is not below this.
    pub fn first_from(&self, from: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.ask(|db| db.range(from.to_vec()..).next().transpose())?;
        Ok(found.map(|(key, _)| key.to_vec()))
    }

    /// The last key below this, or of all.
    pub fn last_before(&self, end: Option<&[u8]>) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.ask(|db| match end {
            Some(end) => db.range(..end.to_vec()).next_back().transpose(),
            None => db.last(),
        })?;
        Ok(found.map(|(key, _)| key.to_vec()))
    }

    /// All or nothing, with the tally that is true then.
    pub fn apply(&self, changes: &Changes<'_>, tally: &Tally) -> Result<(), StoreError> {
        let mut all = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => all.insert(*key, pack(value)),
                None => all.remove(*key),
            }
        }
        all.insert(TALLY, tally.encode());
        let done = self.write(|db| {
            let done: Result<(), TransactionError<()>> = db.transaction(|tree| {
                let applied: Result<(), UnabortableTransactionError> = tree.apply_batch(&all);
                Ok(applied?)
            });
            match done {
                Err(TransactionError::Storage(why)) => Err(why),
                other => Ok(other.is_ok()),
            }
        })?;
        if done { Ok(()) } else { Err(StoreError::Broken("the transaction was aborted".into())) }
    }

    pub fn flush(&self) -> Result<(), StoreError> {
        self.write(|db| db.flush())?;
        self.log.sync_data().map_err(|why| StoreError::Broken(why.to_string()))
    }

    fn unpack(&self, stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        unpack(stored).ok_or_else(|| self.damage.found("a record is damaged"))
    }
}

impl Drop for Raw {
    /// sled flushes when it is dropped, and can panic over what it then meets.
    fn drop(&mut self) {
        drop(self.waker.take());
        let db = self.db.take();
        let _ = quietly(|| drop(db));
    }
}

type Stored = (sled::IVec, sled::IVec);

fn collect(
    found: impl Iterator<Item = sled::Result<Stored>>,
    prefix: &[u8],
    limit: usize,
) -> sled::Result<Vec<Stored>> {
    found.take_while(|pair| pair.as_ref().map_or(true, |(key, _)| key.starts_with(prefix))).take(limit).collect()
}

fn pack(value: &[u8]) -> Vec<u8> {
    if value.len() <= PLAIN_MAX {
        let mut out = Vec::with_capacity(value.len() + 1);
        out.push(PLAIN);
        out.extend_from_slice(value);
        return out;
    }
    let mut out = lz4_flex::compress_prepend_size(value);
    out.insert(0, PRESSED);
    out
}

fn unpack(stored: &[u8]) -> Option<Vec<u8>> {
    match stored.split_first()? {
        (&PLAIN, value) => Some(value.to_vec()),
        (&PRESSED, value) => lz4_flex::decompress_size_prepended(value).ok(),
        _ => None,
    }
}

fn failed(dir: &Path, why: &io::Error) -> StoreError {
    StoreError::Broken(format!("{}: {why}", dir.display()))
}

/// Left by a kill during a snapshot; sled 0.34.7 does not open over a truncated one.
fn drop_half_snapshots(dir: &Path) -> io::Result<()> {
    files(dir)?.iter().filter(|path| is_half_a_snapshot(path)).try_for_each(fs::remove_file)
}

fn is_half_a_snapshot(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with("snap.") && name.ends_with(".generating")
}

/// The files that a database consists of, in order.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut all = Vec::new();
    for dir in [dir.to_owned(), dir.join("blobs")] {
        match fs::read_dir(&dir) {
            Ok(entries) => {
                for entry in entries {
                    let path = entry?.path();
                    all.extend(path.is_file().then_some(path));
                }
            }
            Err(why) if why.kind() == io::ErrorKind::NotFound => {}
            Err(why) => return Err(why),
        }
    }
    all.sort();
    Ok(all)
}

/// The bytes of all of them.
pub fn size(dir: &Path) -> io::Result<u64> {
    files(dir)?.iter().map(|path| fs::metadata(path).map(|meta| meta.len())).sum()
}

/// Copies a database that nobody writes to.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if to.exists() {
        fs::remove_dir_all(to)?;
    }
    fs::create_dir_all(to.join("blobs"))?;
    for path in files(from)? {
        let inside = path.strip_prefix(from).map_err(io::Error::other)?;
        fs::copy(&path, to.join(inside))?;
    }
    Ok(())
}

/// A hash over all files of a database that nobody has open.
pub fn seal(dir: &Path) -> io::Result<String> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 256 << 10];
    for path in files(dir)?.into_iter().filter(|path| !is_half_a_snapshot(path)) {
        let inside = path.strip_prefix(dir).map_err(io::Error::other)?;
        context.update(inside.as_os_str().as_encoded_bytes());
        context.update(&fs::metadata(&path)?.len().to_be_bytes());
        let mut file = File::open(&path)?;
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                n => context.update(&buffer[..n]),
            }
        }
    }
    Ok(super::tally::hex(context.finish().as_ref()))
}

/// Waits until sled has let go of a database: its threads hold it a moment longer than its last handle.
pub fn is_released(dir: &Path) -> bool {
    const TRIES: u32 = 2_000;
    let Ok(log) = File::open(dir.join("db")) else { return false };
    (0..TRIES).any(|_| {
        log.try_lock().is_ok() || {
            std::thread::sleep(Duration::from_millis(1));
            false
        }
    })
}
