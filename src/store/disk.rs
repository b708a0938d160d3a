//! The store on disk: sled, a [`manifest`](super::manifest) that knows how far it was saved, and content files.
//!
//! ```text
//! lock          held while the store is open
//! manifest      what was saved: turn, rows, a digest of them
//! sled/         the database; it carries its tally, changed in the same transaction as the rows
//! files/        content files, named by their digest
//! ```

use super::backend::{Backend, Batch, EachRow, Pair, Still};
use super::damage::Damage;
use super::manifest::Manifest;
use super::raw::{self, Changes, Raw};
use super::tally::Tally;
use super::{content, opening};
use crate::ports::StoreError;
use rustix::fs::statvfs;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// Two of sled's segments: with less, the next write may find no room.
const ROOM: usize = 1 << 20;

pub struct Sled {
    pub(super) path: PathBuf,
    /// `None` only while it is closed.
    pub(super) raw: RwLock<Option<Arc<Raw>>>,
    /// A write failed: sled writes nothing more until it is opened again.
    pub(super) failed: AtomicBool,
    pub(super) tally: Mutex<Tally>,
    pub(super) manifest: Mutex<Manifest>,
    pub(super) damage: Arc<Damage>,
    /// Copies that are being read: as long as there are, no content file goes.
    pub(super) copies: Arc<AtomicUsize>,
    pub(super) copied: AtomicUsize,
    /// Last: it is given back when everything else is closed.
    pub(super) _lock: File,
}

/// Why a store does not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// Another process has it open.
    InUse(String),
    /// It lost something, and is as it was found.
    Damaged(String),
    /// The disk or the file system failed.
    Failed(String),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InUse(why) | Self::Damaged(why) | Self::Failed(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<OpenError> for String {
    fn from(why: OpenError) -> Self {
        why.to_string()
    }
}

/// Told how many rows were read, of how many.
pub type Watch<'a> = &'a mut dyn FnMut(u64, u64);

impl Sled {
    /// Opens or makes the store in the directory `path`, and reads all of it.
    ///
    /// # Errors
    /// The directory cannot be used, another process holds the store, or it is damaged.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_watched(path, &mut |_, _| {})
    }

    /// The same, telling how far it is.
    ///
    /// # Errors
    /// As [`Sled::open`].
    pub fn open_watched(path: &Path, watch: Watch<'_>) -> Result<Self, OpenError> {
        opening::open(path, watch)
    }

    fn raw(&self) -> Result<Arc<Raw>, StoreError> {
        let raw = self.raw.read().unwrap_or_else(PoisonError::into_inner);
        raw.clone().ok_or_else(|| StoreError::Broken("it is closed".into()))
    }

    fn put_raw(&self, raw: Option<Raw>) {
        *self.raw.write().unwrap_or_else(PoisonError::into_inner) = raw.map(Arc::new);
    }

    /// The database is looked at as a copy first, and a disk that is nearly full is not to be worn out by trying.
    fn has_room_for_a_copy(&self) -> Result<(), StoreError> {
        let why = |why: std::io::Error| broken(&why);
        let need = raw::size(&self.path.join(opening::DATABASE)).map_err(why)?.saturating_add(ROOM as u64);
        let disk = statvfs(&self.path).map_err(|errno| why(errno.into()))?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) >= need {
            return Ok(());
        }
        Err(StoreError::Broken(format!("there is no room in {}: {need} bytes are needed", self.path.display())))
    }

    /// What came of a write. That of a damaged store fails for good.
    fn wrote<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(done, Err(StoreError::Broken(_))) {
            self.failed.store(true, Ordering::SeqCst);
        }
        done
    }

    pub(super) fn tally(&self) -> MutexGuard<'_, Tally> {
        lock(&self.tally)
    }

    fn files(&self) -> PathBuf {
        self.path.join("files")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn broken(why: &std::io::Error) -> StoreError {
    StoreError::Broken(why.to_string())
}

impl Backend for Sled {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.raw()?.get(key)
    }

    fn scan(&self, prefix: &[u8], from: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.raw()?.scan(prefix, from, limit)
    }

    fn scan_down(&self, prefix: &[u8], before: &[u8], limit: usize) -> Result<Vec<Pair>, StoreError> {
        self.raw()?.scan_down(prefix, before, limit)
    }

    fn rows(&self, table: u8) -> Result<u64, StoreError> {
        self.damage.check()?;
        Ok(self.tally().rows_of(table))
    }

    fn apply(&self, batch: &Batch) -> Result<(), StoreError> {
        // The last change of a key is the one that stands.
        let changes: Changes<'_> = batch.0.iter().map(|(key, value)| (key.as_slice(), value.as_deref())).collect();
        if changes.is_empty() {
            return Ok(());
        }
        let raw = self.raw()?;
        let mut tally = self.tally();
        let mut next = tally.clone();
        next.turn += 1;
        for (key, value) in &changes {
            if let Some(old) = raw.get(key)? {
                next.take(key, &old);
            }
            if let Some(value) = value {
                next.add(key, value);
            }
        }
        self.wrote(raw.apply(&changes, &next))?;
        *tally = next;
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.wrote(self.raw()?.flush())?;
        let tally = self.tally();
        let mut manifest = lock(&self.manifest);
        if manifest.saved().turn == tally.turn {
            return Ok(());
        }
        manifest.note(&tally).map_err(|why| broken(&why))
    }

    fn probe(&self) -> Result<(), StoreError> {
        self.damage.check()?;
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::tempfile_in(&self.path)?;
            file.write_all(&vec![0; ROOM])?;
            file.sync_data()
        };
        write().map_err(|why| StoreError::Broken(format!("there is no room in {}: {why}", self.path.display())))
    }

    fn has_failed(&self) -> bool {
        self.failed.load(Ordering::SeqCst)
    }

    fn reopen(&self) -> Result<(), StoreError> {
        self.probe()?;
        self.has_room_for_a_copy()?;
        self.put_raw(None);
        let saved = lock(&self.manifest).saved().clone();
        let (raw, tally) = opening::again(&self.path, &saved, &self.damage)?;
        *self.tally() = tally;
        self.put_raw(Some(raw));
        self.failed.store(false, Ordering::SeqCst);
        Ok(())
    }

    fn put_file(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.files().join(name);
        if path.exists() {
            return Ok(());
        }
        // Written beside and renamed, so that a kill leaves no half file under a true name.
        let write = || -> std::io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(self.files())?;
            file.write_all(bytes)?;
            file.as_file().sync_data()?;
            file.persist(&path)?;
            File::open(self.files())?.sync_all()
        };
        write().map_err(|why| StoreError::Broken(format!("{} cannot be written: {why}", path.display())))
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.files().join(name)).map_err(|why| broken(&why))
    }

    fn sweep_files(&self, keep: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        if self.copies.load(Ordering::SeqCst) > 0 {
            return Ok(0);
        }
        let mut gone = 0;
        for entry in fs::read_dir(self.files()).map_err(|why| broken(&why))?.flatten() {
            if !keep(&entry.file_name().to_string_lossy()) && fs::remove_file(entry.path()).is_ok() {
                gone += 1;
            }
        }
        Ok(gone)
    }

    fn still(&self) -> Result<Box<dyn Still>, StoreError> {
        self.flush()?;
        let dir = self.path.join(format!("{}{}", opening::COPY, self.copied.fetch_add(1, Ordering::SeqCst)));
        let copy = CopyOf {
            dir,
            files: self.files(),
            tally: self.tally().clone(),
            damage: Arc::clone(&self.damage),
            copies: Arc::clone(&self.copies),
        };
        copy.copies.fetch_add(1, Ordering::SeqCst);
        let why = |why| StoreError::Broken(format!("the database cannot be copied: {why}"));
        raw::copy(&self.path.join(opening::DATABASE), &copy.dir).map_err(why)?;
        Ok(Box::new(copy))
    }
}

impl Drop for Sled {
    /// Closes the database and seals it, so that the next one who opens it knows every byte.
    fn drop(&mut self) {
        let flushed = self.flush();
        self.put_raw(None);
        let dir = self.path.join(opening::DATABASE);
        if flushed.is_err() || self.damage.check().is_err() || !raw::is_released(&dir) {
            return;
        }
        // Without a seal, opening takes longer and comes to the same.
        let tally = self.tally().clone();
        let sealed = raw::seal(&dir).and_then(|seal| lock(&self.manifest).save(&tally, Some(seal)));
        if let Err(why) = sealed {
            tracing::debug!(%why, "the store was closed without a seal");
        }
    }
}

fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(why) => Err(why),
    }
}

/// The database's files as they were at one turn.
struct CopyOf {
    dir: PathBuf,
    files: PathBuf,
    tally: Tally,
    damage: Arc<Damage>,
    copies: Arc<AtomicUsize>,
}

impl Still for CopyOf {
    fn tally(&self) -> &Tally {
        &self.tally
    }

    fn each(&mut self, row: EachRow<'_>) -> Result<(), StoreError> {
        let raw = Raw::open(&self.dir, Arc::clone(&self.damage))?;
        if raw.tally()?.as_ref() != Some(&self.tally) {
            return Err(self.damage.found("what was saved last cannot be read back"));
        }
        raw.each(row)
    }

    fn files(&self) -> Result<Vec<String>, StoreError> {
        let entries = fs::read_dir(&self.files).map_err(|why| broken(&why))?.flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let mut names: Vec<String> = names.filter(|name| content::is_name(name)).collect();
        names.sort();
        Ok(names)
    }

    fn file(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.files.join(name)).map_err(|why| broken(&why))
    }

    fn damaged(&self, what: &str) -> StoreError {
        self.damage.found(what)
    }
}

impl Drop for CopyOf {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
        self.copies.fetch_sub(1, Ordering::SeqCst);
    }
}
