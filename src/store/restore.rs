//! Building a store from a backup, beside the old one, and putting it in its place once it is known to be whole.

use super::backend::{Backend, Batch};
use super::backup::{Line, Reader};
use super::disk::{OpenError, Sled, Watch};
use super::{opening, swap};
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
            Self::Backup(why) => f.write_str(why),
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
    let failed =
        |why: std::io::Error| OpenError::Failed(format!("the store in {} cannot be restored: {why}", path.display()));
    swap::finish(path).map_err(failed)?;
    let building = path.join(swap::BUILDING);
    remove(&building).map_err(failed)?;
    let built = build(&building, source, watch);
    if built.is_err() {
        let _ = remove(&building);
    }
    let (rows, files, lost) = built?;
    // Opened once more, as the next server will: all of it is read back from the disk.
    drop(Sled::open(&building)?);
    let kept = swap::commit(path).map_err(failed)?;
    Ok(Restored { rows, files, lost, kept })
}

fn remove(dir: &Path) -> std::io::Result<()> {
    if dir.exists() { fs::remove_dir_all(dir) } else { Ok(()) }
}

/// No line of ours is longer.
const LINE_MAX: u64 = 256 << 20;
/// Rows in one transaction.
const AT_ONCE: usize = 512;

fn build(building: &Path, mut source: impl BufRead, watch: Watch<'_>) -> Result<(u64, u64, u64), RestoreError> {
    let store = Sled::open(building)?;
    let disk = |why| RestoreError::Store(OpenError::from(why));
    let (mut reader, mut batch, mut line) = (Reader::default(), Batch::default(), Vec::new());
    let (mut done, mut of, mut counts) = (0, 0, (0, 0, 0));
    loop {
        line.clear();
        let read = source.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
        if read.map_err(|why| RestoreError::Backup(format!("the backup cannot be read: {why}")))? == 0 {
            break;
        }
        match reader.line(&line).map_err(RestoreError::Backup)? {
            Line::Head { rows } => of = rows,
            Line::Row(key, value) => {
                batch.put(key, value);
                done += 1;
            }
            Line::File(name, bytes) => store.put_file(&name, &bytes).map_err(disk)?,
            Line::Lost(_) => {}
            Line::End { rows, files, lost } => counts = (rows, files, lost),
        }
        if batch.0.len() >= AT_ONCE {
            store.apply(&std::mem::take(&mut batch)).map_err(disk)?;
            watch(done, of);
        }
    }
    let tally = reader.finish().map_err(RestoreError::Backup)?;
    store.apply(&batch).map_err(disk)?;
    store.flush().map_err(disk)?;
    watch(done, of);
    if !store.tally().holds_the_same(&tally) {
        return Err(RestoreError::Backup("the backup is damaged: it holds a record twice".into()));
    }
    Ok(counts)
}
