//! Building a store from a backup, beside the old one, and putting it in its place once it is known to be whole.

use super::backend::{Backend, Batch};
use super::backup::{Line, Reader};
use super::disk::{OpenError, Sled, Watch};
use super::ledger::Ledger;
use super::tally::Tally;
use super::{opening, swap};
use crate::ports::StoreError;
use std::fs;
use std::io::{BufRead, Read};
use std::path::{Path, PathBuf};

/// What was restored.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    pub rows: u64,
    pub files: u64,
    /// Content files that the backup does not have: they were lost before it was made.
    pub lost: u64,
    /// Where the old store is kept, if there was one.
    pub kept: Option<PathBuf>,
}

#[derive(Debug, PartialEq, Eq)]
pub enum RestoreError {
    /// The backup cannot be used; the store was not touched.
    Backup(String),
    /// The store holds something already; it was not touched.
    NotEmpty(String),
    /// The store cannot be written.
    Store(OpenError),
}

impl From<OpenError> for RestoreError {
    fn from(why: OpenError) -> Self {
        Self::Store(why)
    }
}

impl std::fmt::Display for RestoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Backup(why) | Self::NotEmpty(why) => f.write_str(why),
            Self::Store(why) => why.fmt(f),
        }
    }
}

/// Puts the store of a backup in the place of whatever is in `path`, damaged or not.
///
/// # Errors
/// The backup is damaged, another process has the store open, or the disk failed: the old store is as it was.
pub fn restore(path: &Path, source: impl BufRead, watch: Watch<'_>) -> Result<Restored, RestoreError> {
    let _lock = opening::lock(path)?;
    swap::finish(path).map_err(failed(path))?;
    put(path, source, watch)
}

/// The same for a store that holds nothing yet, or is not there.
///
/// # Errors
/// As [`restore`], and where the store holds something. A directory that was not there is not there then.
pub fn import(path: &Path, source: impl BufRead, watch: Watch<'_>) -> Result<Restored, RestoreError> {
    let fresh = !path.exists();
    let _lock = opening::lock(path)?;
    let imported = swap::finish(path).map_err(|why| failed(path)(why).into()).and_then(|_| {
        if opening::is_empty(path).map_err(failed(path))? {
            put(path, source, watch)
        } else {
            Err(RestoreError::NotEmpty(format!("the store in {} is not empty", path.display())))
        }
    });
    // What another import put there meanwhile is not ours to remove.
    if fresh && matches!(&imported, Err(why) if !matches!(why, RestoreError::NotEmpty(_))) {
        let _ = fs::remove_dir_all(path);
    }
    imported
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> OpenError {
    move |why| OpenError::Failed(format!("the store in {} cannot be restored: {why}", path.display()))
}

fn put(path: &Path, source: impl BufRead, watch: Watch<'_>) -> Result<Restored, RestoreError> {
    let building = path.join(swap::BUILDING);
    remove(&building).map_err(failed(path))?;
    let built = build(&building, source, watch).and_then(|counts| look(&building).map(|()| counts));
    if built.is_err() {
        let _ = remove(&building);
    }
    let (rows, files, lost) = built?;
    let kept = swap::commit(path).map_err(failed(path))?;
    Ok(Restored { rows, files, lost, kept })
}

/// Opened once more, as the next server will: all of it is read back from the disk, and its queues are read.
fn look(building: &Path) -> Result<(), RestoreError> {
    let store = Sled::open(building)?;
    let unreadable = |why| RestoreError::Backup(format!("the backup is damaged: {why}"));
    Ledger::open(store).map(drop).map_err(unreadable)
}

fn remove(dir: &Path) -> std::io::Result<()> {
    if dir.exists() { fs::remove_dir_all(dir) } else { Ok(()) }
}

/// No line of ours is longer.
const LINE_MAX: u64 = 256 << 20;
/// Rows in one transaction, and about how many bytes.
const AT_ONCE: usize = 512;
const BYTES_AT_ONCE: usize = 8 << 20;

fn build(building: &Path, source: impl BufRead, watch: Watch<'_>) -> Result<Counts, RestoreError> {
    let store = Sled::open(building)?;
    let (tally, counts) = take(source, watch, &mut |taken| match taken {
        Taken::Rows(batch) => store.apply(batch),
        Taken::Last(batch, turn) => {
            // It goes on where the old one was: the same content at the same turn is the same backup.
            if !batch.0.is_empty() {
                store.tally().turn = turn.saturating_sub(1);
            }
            store.apply(batch)?;
            store.flush()
        }
        Taken::File(name, bytes) => store.put_file(name, bytes),
    })?;
    if !store.tally().holds_the_same(&tally) {
        return Err(RestoreError::Backup("the backup is damaged: it holds a record twice".into()));
    }
    Ok(counts)
}

/// What is taken from a backup.
pub enum Taken<'a> {
    Rows(&'a Batch),
    /// The last of them, and the turn that the backup was made at.
    Last(&'a Batch, u64),
    File(&'a str, &'a [u8]),
}

/// Rows, content files, and content files that were lost.
pub type Counts = (u64, u64, u64);

/// Reads a backup to its end: its sums and its counts.
pub fn take(
    mut source: impl BufRead,
    watch: Watch<'_>,
    keep: &mut dyn FnMut(Taken<'_>) -> Result<(), StoreError>,
) -> Result<(Tally, Counts), RestoreError> {
    let disk = |why| RestoreError::Store(OpenError::from(why));
    let (mut reader, mut batch, mut bytes, mut line) = (Reader::default(), Batch::default(), 0, Vec::new());
    let (mut done, mut of, mut turn, mut counts) = (0, 0, 0, (0, 0, 0));
    loop {
        line.clear();
        let read = source.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
        match read.map_err(|why| RestoreError::Backup(format!("the backup cannot be read: {why}")))? as u64 {
            0 => break,
            LINE_MAX => return Err(RestoreError::Backup("the backup is damaged: a line has no end".into())),
            _ => {}
        }
        match reader.line(&line).map_err(RestoreError::Backup)? {
            Line::Head { turn: at, rows } => (turn, of) = (at, rows),
            Line::Row(key, value) => {
                if batch.0.len() >= AT_ONCE || bytes >= BYTES_AT_ONCE {
                    keep(Taken::Rows(&std::mem::take(&mut batch))).map_err(disk)?;
                    bytes = 0;
                    watch(done, of);
                }
                bytes += key.len() + value.len();
                batch.put(key, value);
                done += 1;
            }
            Line::File(name, bytes) => keep(Taken::File(&name, &bytes)).map_err(disk)?,
            Line::Lost(_) => {}
            Line::End { rows, files, lost } => counts = (rows, files, lost),
        }
    }
    let tally = reader.finish().map_err(RestoreError::Backup)?;
    keep(Taken::Last(&batch, turn)).map_err(disk)?;
    watch(done, of);
    Ok((tally, counts))
}
