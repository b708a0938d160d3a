//! Opening a store: nothing is taken for granted, and a store that is refused is left as it was found.
//!
//! sled mends what it opens: it wipes what follows a damaged place. So a database that was closed in order is compared
//! with its seal before sled sees it, and one that was not is first opened as a copy.

use super::counting;
use super::damage::Damage;
use super::disk::{OpenError, Sled, Watch};
use super::manifest::{self, Found, Manifest, Saved};
use super::raw::{self, Raw};
use super::swap;
use super::tally::{Tally, hex};
use crate::ports::StoreError;
use std::collections::hash_map::RandomState;
use std::fs::{self, File};
use std::hash::BuildHasher;
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

pub const DATABASE: &str = "sled";
pub const FILES: &str = "files";
/// Begins the names of copies, which are never worth keeping.
pub const COPY: &str = "copy-";
const PRIVATE_DIR: u32 = 0o700;
const PRIVATE_FILE: u32 = 0o600;

impl From<StoreError> for OpenError {
    fn from(why: StoreError) -> Self {
        match why {
            StoreError::Damaged(why) => Self::Damaged(why),
            other => Self::Failed(other.to_string()),
        }
    }
}

fn failed(path: &Path) -> impl Fn(io::Error) -> OpenError + '_ {
    move |why| OpenError::Failed(format!("the store in {} cannot be opened: {why}", path.display()))
}

/// What is in a store is nobody else's business. Whoever opened it before may have let others read it; where the directory
/// belongs to another account, it stays as that one made it.
fn make_private(path: &Path) {
    let mode = if path.is_dir() { PRIVATE_DIR } else { PRIVATE_FILE };
    if let Err(why) = fs::set_permissions(path, fs::Permissions::from_mode(mode)) {
        tracing::debug!(path = %path.display(), %why, "others may be able to read this");
    }
    if path.is_dir() {
        fs::read_dir(path).into_iter().flatten().flatten().for_each(|entry| make_private(&entry.path()));
    }
}

/// A program that whoever had the store is just starting, git for instance, holds the lock until it runs; so does a server
/// that is being replaced, until it has ended.
fn patiently(file: &File) -> Result<(), fs::TryLockError> {
    const TRIES: u32 = 50;
    const PAUSE: Duration = Duration::from_millis(20);
    for _ in 0..TRIES {
        match file.try_lock() {
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    file.try_lock()
}

/// Held by whoever has the store open, until it is dropped.
pub fn lock(path: &Path) -> Result<File, OpenError> {
    let cannot = failed(path);
    fs::DirBuilder::new().recursive(true).mode(PRIVATE_DIR).create(path).map_err(&cannot)?;
    let file = File::options().create(true).truncate(false).write(true).open(path.join("lock")).map_err(&cannot)?;
    match patiently(&file) {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => {
            Err(OpenError::InUse(format!("the store in {} is in use by another process", path.display())))
        }
        Err(fs::TryLockError::Error(why)) => Err(cannot(why)),
    }
}

pub fn open(path: &Path, watch: Watch<'_>) -> Result<Sled, OpenError> {
    let cannot = failed(path);
    let lock = lock(path)?;
    swap::finish(path).map_err(&cannot)?;
    drop_copies(path).map_err(&cannot)?;
    let damage = Arc::new(Damage::new(path));
    let dir = path.join(DATABASE);
    let saved = look(path, &damage)?;
    if exists(path) && saved.as_ref().is_none_or(|saved| saved.seal.is_none()) {
        check_a_copy(path, saved.as_ref(), &damage, watch)?;
    }
    let id = saved.as_ref().map_or_else(new_id, |saved| saved.id.clone());
    let mut manifest = match saved {
        Some(saved) => Manifest::open(path, saved),
        None => Manifest::create(path, &id),
    }
    .map_err(&cannot)?;
    for dir in [&dir, &path.join(FILES)] {
        fs::create_dir_all(dir).map_err(&cannot)?;
    }
    manifest.unseal().map_err(&cannot)?;
    let raw = Raw::open(&dir, Arc::clone(&damage))?;
    let tally = match judge(&raw, Some(manifest.saved()), &damage, watch)? {
        Judged::Whole(tally) => tally,
        // A new store, or one from before there were tallies: it is what it is from now on.
        Judged::Untold(counted) => {
            let mut tally = counted;
            (tally.id, tally.turn) = (id, 1);
            raw.apply(&raw::Changes::new(), &tally)?;
            raw.flush()?;
            manifest.save(&tally, None).map_err(&cannot)?;
            tally
        }
    };
    make_private(path);
    damage.log();
    Ok(Sled {
        path: path.to_owned(),
        raw: RwLock::new(Some(Arc::new(raw))),
        failed: AtomicBool::new(false),
        tally: Mutex::new(tally),
        manifest: Mutex::new(manifest),
        damage,
        copies: Arc::default(),
        copied: AtomicUsize::new(0),
        _lock: lock,
    })
}

/// The database again after a write failed, in the process that has the store open. It is looked at as closely as any
/// that was not closed in order.
pub fn again(path: &Path, saved: &Saved, damage: &Arc<Damage>) -> Result<(Raw, Tally), StoreError> {
    let dir = path.join(DATABASE);
    if !raw::is_released(&dir) {
        return Err(StoreError::Broken("its database is still being read".into()));
    }
    let told = |why| match why {
        OpenError::Damaged(why) => StoreError::Damaged(why),
        OpenError::InUse(why) | OpenError::Failed(why) => StoreError::Broken(why),
    };
    check_a_copy(path, Some(saved), damage, &mut |_, _| {}).map_err(told)?;
    let raw = Raw::open(&dir, Arc::clone(damage))?;
    match judge(&raw, Some(saved), damage, &mut |_, _| {})? {
        Judged::Whole(tally) => Ok((raw, tally)),
        Judged::Untold(_) => Err(damage.found("its tally is missing")),
    }
}

/// Names a store: not a secret, only another one each time.
fn new_id() -> String {
    let half = || RandomState::new().hash_one(0).to_be_bytes();
    hex(&[half(), half()].concat())
}

fn exists(path: &Path) -> bool {
    fs::metadata(path.join(DATABASE).join("db")).is_ok_and(|meta| meta.len() > 0)
}

/// Something that only a store leaves behind.
fn has_rest(path: &Path) -> bool {
    let has = |dir: &str| fs::read_dir(path.join(dir)).is_ok_and(|mut entries| entries.next().is_some());
    has(FILES) || has(DATABASE)
}

/// Whether a store holds nothing yet, or is not there. What cannot be read holds something.
pub fn is_empty(path: &Path) -> io::Result<bool> {
    Ok(match manifest::read(path)? {
        Found::Absent => !exists(path) && !has_rest(path),
        Found::Saved(saved) => saved.rows == 0,
        Found::Unreadable | Found::Newer(_) => false,
    })
}

fn drop_copies(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)?.flatten() {
        if entry.file_name().to_string_lossy().starts_with(COPY) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// What can be told without sled.
fn look(path: &Path, damage: &Damage) -> Result<Option<Saved>, OpenError> {
    let saved = match manifest::read(path).map_err(failed(path))? {
        Found::Absent if !exists(path) && has_rest(path) => {
            return Err(damage.found("its manifest and its database are missing").into());
        }
        Found::Absent => return Ok(None),
        Found::Unreadable => return Err(damage.found("its manifest cannot be read").into()),
        Found::Newer(format) => {
            return Err(OpenError::Failed(format!(
                "the store in {} was written by a newer CI Rescue (format {format}): run that version, or restore a backup",
                path.display()
            )));
        }
        Found::Saved(saved) => saved,
    };
    if saved.turn == 0 {
        return Ok(Some(saved));
    }
    if !exists(path) {
        return Err(damage.found("its database, sled/db, is missing or empty").into());
    }
    if !path.join(FILES).is_dir() {
        return Err(damage.found("its log excerpts, files/, are missing").into());
    }
    if let Some(seal) = &saved.seal
        && raw::seal(&path.join(DATABASE)).map_err(failed(path))? != *seal
    {
        return Err(damage.found("its database, sled/, has changed since the store was closed").into());
    }
    Ok(Some(saved))
}

fn check_a_copy(path: &Path, saved: Option<&Saved>, damage: &Arc<Damage>, watch: Watch<'_>) -> Result<(), OpenError> {
    let copy = path.join(format!("{COPY}check"));
    raw::copy(&path.join(DATABASE), &copy).map_err(|why| {
        let _ = fs::remove_dir_all(&copy);
        OpenError::Failed(format!(
            "the store in {} was not closed in order, and is checked as a copy first, which cannot be made: {why}",
            path.display()
        ))
    })?;
    let judged = Raw::open(&copy, Arc::clone(damage)).and_then(|raw| judge(&raw, saved, damage, watch));
    let _ = fs::remove_dir_all(&copy);
    judged?;
    Ok(())
}

enum Judged {
    Whole(Tally),
    /// There is no tally yet; this was counted.
    Untold(Tally),
}

/// Reads every row, and compares what is there with what the database and the manifest say.
fn judge(raw: &Raw, saved: Option<&Saved>, damage: &Damage, watch: Watch<'_>) -> Result<Judged, StoreError> {
    let told = raw.tally()?;
    let of = told.as_ref().map_or(0, Tally::rows);
    let counted = counting::count(raw, &mut |rows| watch(rows, of))?;
    watch(counted.rows(), of);
    let turn = saved.map_or(0, |saved| saved.turn);
    let Some(told) = told else {
        return match saved {
            Some(saved) if turn > 0 => {
                let (have, want) = (counted.rows(), saved.rows);
                Err(damage.found(&format!("{have} of {want} records are left")))
            }
            _ => Ok(Judged::Untold(counted)),
        };
    };
    if let Some(what) = told.difference(&counted) {
        return Err(damage.found(&what));
    }
    let Some(saved) = saved else { return Err(damage.found("its manifest is missing")) };
    if saved.id != told.id {
        return Err(damage.found("its database belongs to another store"));
    }
    if told.turn < turn {
        let lost = turn - told.turn;
        return Err(damage.found(&format!("the last {lost} of {turn} transactions are missing")));
    }
    if told.turn == turn && told.digest() != saved.tally {
        return Err(damage.found("its records are not those that were saved"));
    }
    Ok(Judged::Whole(told))
}
