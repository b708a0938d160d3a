//! sled, with the guards it needs.
//!
//! - `flush` alone is not safe against power loss (it calls `sync_file_range`): `sync_data` on `<path>/db` follows.
//! - A truncated `snap.*.generating`, left by a kill while opening, makes the database unopenable: it goes first.
//! - `flush_async` from many tasks can hang: only the writer thread flushes.
//! - The cache's default is 1 GiB: it is set.
//! - Values over about 64 KB go to blob files that are never reclaimed: larger values are compressed, by a compressor
//!   that costs less than the disk does.

use super::backend::{Backend, Batch, Pair};
use sled::transaction::{TransactionError, UnabortableTransactionError};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

const CACHE_BYTES: u64 = 64 << 20;
/// Below this a value is stored as it is.
const PLAIN_MAX: usize = 4 << 10;
/// First byte of a stored value.
const PLAIN: u8 = 0;
const PRESSED: u8 = 1;

pub struct Sled {
    db: sled::Db,
    log: File,
    files: PathBuf,
}

impl Sled {
    /// Opens or makes the store in the directory `path`.
    ///
    /// # Errors
    /// A sentence for the operator: the directory cannot be used, another process holds the store, or it is damaged.
    pub fn open(path: &Path) -> Result<Self, String> {
        let dir = path.join("sled");
        let files = path.join("files");
        for dir in [&dir, &files] {
            fs::create_dir_all(dir).map_err(|why| format!("{} cannot be made: {why}", dir.display()))?;
        }
        drop_half_snapshots(&dir)?;
        let existed = fs::metadata(dir.join("db")).is_ok_and(|meta| meta.len() > 0);
        let db = sled::Config::new().path(&dir).cache_capacity(CACHE_BYTES).flush_every_ms(None).open();
        let db = db.map_err(|why| explain(&dir, &why))?;
        if existed && !db.was_recovered() {
            return Err(format!("the store in {} was not recovered; restore it from a backup", dir.display()));
        }
        let log = File::open(dir.join("db")).map_err(|why| format!("{}/db cannot be opened: {why}", dir.display()))?;
        Ok(Self { db, log, files })
    }
}

fn explain(dir: &Path, why: &sled::Error) -> String {
    let words = why.to_string();
    if words.contains("lock") || words.contains("WouldBlock") || words.contains("temporarily unavailable") {
        return format!("the store in {} is in use by another process", dir.display());
    }
    format!("the store in {} cannot be opened ({words}); restore it from a backup", dir.display())
}

/// Left by a kill during a snapshot; sled 0.34.7 does not open over a truncated one.
fn drop_half_snapshots(dir: &Path) -> Result<(), String> {
    let entries = fs::read_dir(dir).map_err(|why| format!("{} cannot be read: {why}", dir.display()))?;
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path()).map_err(|why| format!("{name} cannot be removed: {why}"))?;
        }
    }
    Ok(())
}

fn words(why: &sled::Error) -> String {
    why.to_string()
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

fn unpack(stored: &[u8]) -> Result<Vec<u8>, String> {
    match stored.split_first() {
        Some((&PLAIN, value)) => Ok(value.to_vec()),
        Some((&PRESSED, value)) => {
            lz4_flex::decompress_size_prepended(value).map_err(|why| format!("a record is damaged: {why}"))
        }
        _ => Err("a record is damaged".into()),
    }
}

fn pairs(
    found: impl Iterator<Item = sled::Result<(sled::IVec, sled::IVec)>>,
    limit: usize,
) -> Result<Vec<Pair>, String> {
    let mut out = Vec::new();
    for pair in found.take(limit) {
        let (key, value) = pair.map_err(|why| words(&why))?;
        out.push((key.to_vec(), unpack(&value)?));
    }
    Ok(out)
}

impl Backend for Sled {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, String> {
        let found = self.db.get(key).map_err(|why| words(&why))?;
        found.map(|value| unpack(&value)).transpose()
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, String> {
        let start = prefix.max(from).to_vec();
        let found =
            self.db.range(start..).take_while(|pair| pair.as_ref().map_or(true, |(key, _)| key.starts_with(prefix)));
        pairs(found, limit)
    }

    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, String> {
        if before < prefix {
            return Ok(Vec::new());
        }
        let range = self.db.range(prefix.to_vec()..before.to_vec()).rev();
        pairs(range.take_while(|pair| pair.as_ref().map_or(true, |(key, _)| key.starts_with(prefix))), limit)
    }

    fn apply(&self, batch: &Batch) -> Result<(), String> {
        let mut all = sled::Batch::default();
        for (key, value) in &batch.0 {
            match value {
                Some(value) => all.insert(key.as_slice(), pack(value)),
                None => all.remove(key.as_slice()),
            }
        }
        let done: Result<(), TransactionError<()>> = self.db.transaction(|tree| {
            let applied: Result<(), UnabortableTransactionError> = tree.apply_batch(&all);
            Ok(applied?)
        });
        match done {
            Ok(()) => Ok(()),
            Err(TransactionError::Storage(why)) => Err(words(&why)),
            Err(TransactionError::Abort(())) => Err("the transaction was aborted".into()),
        }
    }

    fn flush(&self) -> Result<(), String> {
        self.db.flush().map_err(|why| words(&why))?;
        self.log.sync_data().map_err(|why| why.to_string())
    }

    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let path = self.files.join(name);
        if path.exists() {
            return Ok(());
        }
        // Written beside and renamed, so that a kill leaves no half file under a true name.
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.files)?;
            file.write_all(bytes)?;
            file.as_file().sync_data()?;
            file.persist(&path)?;
            File::open(&self.files)?.sync_all()
        };
        write().map_err(|why| format!("{} cannot be written: {why}", path.display()))
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, String> {
        match fs::read(self.files.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(why) => Err(why.to_string()),
        }
    }

    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, String> {
        let mut gone = 0;
        for entry in fs::read_dir(&self.files).map_err(|why| why.to_string())?.flatten() {
            if !keep(&entry.file_name().to_string_lossy()) && fs::remove_file(entry.path()).is_ok() {
                gone += 1;
            }
        }
        Ok(gone)
    }
}
