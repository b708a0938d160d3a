//! Damage: found once, remembered, and told to everybody who asks from then on.

use crate::ports::StoreError;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Once, OnceLock};

/// What is wrong with the store at `path`, once something is.
pub struct Damage {
    path: PathBuf,
    told: OnceLock<String>,
    /// Whoever opens a store hears of it; later there may be nobody who asks.
    log: AtomicBool,
}

impl Damage {
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), told: OnceLock::new(), log: AtomicBool::new(false) }
    }

    /// The store is open: from now on damage is logged, too.
    pub fn log(&self) {
        self.log.store(true, Ordering::Relaxed);
    }

    /// # Errors
    /// The store is damaged.
    pub fn check(&self) -> Result<(), StoreError> {
        self.told.get().map_or(Ok(()), |told| Err(StoreError::Damaged(told.clone())))
    }

    /// Remembers the first damage; later ones mostly follow from it.
    pub fn found(&self, what: &str) -> StoreError {
        let path = self.path.display();
        let told = self.told.get_or_init(|| {
            let told = format!(
                "the store in {path} is damaged ({what}). Restore a backup: \
                 ci-rescue store restore BACKUP --store {path}"
            );
            if self.log.load(Ordering::Relaxed) {
                tracing::error!("{told}");
            }
            told
        });
        StoreError::Damaged(told.clone())
    }

    /// Runs what belongs to sled. What it finds corrupt, and where it panics, is damage; a disk that fails is not.
    pub fn guard<T>(&self, work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
        self.check()?;
        match quietly(work) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(sled::Error::Io(why))) => Err(self.failed(&why)),
            Ok(Err(_)) => Err(self.found("its database cannot be read")),
            Err(()) => Err(self.found("its database cannot be read: reading it failed halfway")),
        }
    }

    /// The same for what writes. That a disk takes nothing more is no damage, whatever sled makes of it: reopening reads
    /// all that is there, and tells.
    pub fn guard_write<T>(&self, work: impl FnOnce() -> sled::Result<T>) -> Result<T, StoreError> {
        self.check()?;
        match quietly(work) {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(why)) => Err(StoreError::Broken(why.to_string())),
            Err(()) => Err(StoreError::Broken("writing to the database failed halfway".into())),
        }
    }

    fn failed(&self, why: &std::io::Error) -> StoreError {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match why.kind() {
            UnexpectedEof | InvalidData | InvalidInput => self.found("its database is cut short"),
            _ => StoreError::Broken(why.to_string()),
        }
    }
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Catches a panic, and keeps its message and backtrace off the screen: the caller has better words.
pub fn quietly<T>(work: impl FnOnce() -> T) -> Result<T, ()> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // sled's own threads are not inside anything; where a panic began tells them.
            let sleds = panic.location().is_some_and(|place| place.file().contains("/sled-"));
            if sleds || INSIDE.get() {
                tracing::debug!(%panic, "the database gave up");
            } else {
                usual(panic);
            }
        }));
    });
    let before = INSIDE.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    INSIDE.set(before);
    done.map_err(drop)
}
