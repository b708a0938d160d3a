//! Putting a restored store in the place of the old one, which is kept.
//!
//! The store's directory may be a mount point, so what is in it is exchanged and not the directory itself. Once the new
//! store stands under [`READY`], whoever opens the store next finishes what was begun.

use super::manifest;
use super::opening::{DATABASE, FILES};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A restored store that is not whole yet.
pub const BUILDING: &str = "restoring.tmp";
const READY: &str = "restoring";
/// Begins the names under which old stores are kept.
const REPLACED: &str = "replaced-";

/// Makes the store that was built the store in `path`; answers where the old one is kept, if there was one.
pub fn commit(path: &Path) -> io::Result<Option<PathBuf>> {
    let next = replaced(path)?.last().map_or(1, |n| n + 1);
    fs::create_dir(path.join(format!("{REPLACED}{next}")))?;
    fs::rename(path.join(BUILDING), path.join(READY))?;
    sync(path)?;
    finish(path)
}

/// Finishes an exchange that was begun, in this process or in one that died over it.
pub fn finish(path: &Path) -> io::Result<Option<PathBuf>> {
    let ready = path.join(READY);
    if !ready.is_dir() {
        return Ok(None);
    }
    let Some(n) = replaced(path)?.last().copied() else {
        return Err(io::Error::other(format!("{} is not from a restore: move it away", ready.display())));
    };
    let kept = path.join(format!("{REPLACED}{n}"));
    for name in [manifest::NAME, DATABASE, FILES] {
        let (new, place) = (ready.join(name), path.join(name));
        if new.exists() {
            if place.exists() {
                fs::rename(&place, kept.join(name))?;
            }
            fs::rename(new, place)?;
        }
    }
    sync(&kept)?;
    sync(path)?;
    fs::remove_dir_all(ready)?;
    // An empty one kept nothing.
    Ok(fs::remove_dir(&kept).is_err().then_some(kept))
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// The numbers of the stores that are kept, ascending.
fn replaced(path: &Path) -> io::Result<Vec<u64>> {
    let names = fs::read_dir(path)?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut all: Vec<u64> = names.filter_map(|name| name.strip_prefix(REPLACED)?.parse().ok()).collect();
    all.sort_unstable();
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(dir: &Path, content: &str) {
        fs::create_dir_all(dir).unwrap();
        for name in [manifest::NAME, DATABASE, FILES] {
            fs::write(dir.join(name), content).unwrap();
        }
    }

    fn content(dir: &Path) -> Vec<String> {
        [manifest::NAME, DATABASE, FILES].iter().filter_map(|name| fs::read_to_string(dir.join(name)).ok()).collect()
    }

    /// Died after any number of renames: whoever comes next sees the new store whole, and the old one is kept whole.
    #[test]
    fn an_exchange_that_was_cut_short_is_finished() {
        for died in 0..6 {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path();
            store(path, "old");
            store(&path.join(READY), "new");
            let kept = path.join("replaced-7");
            fs::create_dir(&kept).unwrap();
            let names = [manifest::NAME, DATABASE, FILES];
            let renames = names.iter().flat_map(|name| {
                let place = path.join(name);
                [(place.clone(), kept.join(name)), (path.join(READY).join(name), place)]
            });
            for (from, to) in renames.take(died) {
                fs::rename(from, to).unwrap();
            }
            assert_eq!(finish(path).unwrap(), Some(kept.clone()));
            assert_eq!(content(path), ["new"; 3], "died after {died}");
            assert_eq!(content(&kept), ["old"; 3], "died after {died}");
            assert!(!path.join(READY).exists());
            assert_eq!(finish(path).unwrap(), None);
        }
    }
}
