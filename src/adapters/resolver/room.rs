//! A directory for one run, which holds manifests and locks and nothing else, and the caches that outlive it.

use crate::adapters::directory_bytes;
use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use super::ResolveError;
use crate::domain::edit::Source;
use crate::domain::text::clean_line;
use crate::edit::path::file_name;

/// What may be written and read back, by the last part of its path.
const ALLOWED: &[&str] = &["Cargo.toml", "Cargo.lock", "go.mod", "go.sum", "package.json", "package-lock.json"];
/// Folders of installed or vendored packages: what lies there is no manifest of the repository.
const FOREIGN: &[&str] = &["node_modules", "vendor", ".git"];
const FILE_MAX: usize = 16 << 20;
const FILES_MAX: usize = 5_000;
const BYTES_MAX: usize = 64 << 20;
const PATH_MAX: usize = 512;
/// Larger caches are emptied, in bytes.
const CACHE_MAX: u64 = 2 << 30;

/// Whether a file of the request takes part.
pub(super) fn is_allowed(path: &str) -> bool {
    ALLOWED.contains(&file_name(path)) && !path.split('/').any(|part| FOREIGN.contains(&part))
}

/// Refuses paths that lead elsewhere, and more than a repository has.
pub(super) fn check(files: &[Source]) -> Result<(), ResolveError> {
    let mut paths = HashSet::new();
    for file in files {
        let parts_are_plain = file.path.split('/').all(|part| !matches!(part, "" | "." | ".."));
        let is_plain = parts_are_plain && file.path.len() <= PATH_MAX && !file.path.contains(['\\', '\0']);
        if !is_plain || file.path.contains(char::is_control) || !paths.insert(&file.path) {
            let shown = clean_line(&file.path, 100);
            return Err(ResolveError::Refused(format!("`{shown}` is not a usable file path")));
        }
    }
    let allowed = || files.iter().filter(|file| is_allowed(&file.path));
    let bytes: usize = allowed().map(|file| file.text.len()).sum();
    if allowed().count() > FILES_MAX || bytes > BYTES_MAX || allowed().any(|file| file.text.len() > FILE_MAX) {
        let sentence = "there are too many manifests and lock files, or they are too large: change the lock file on your own machine";
        return Err(ResolveError::Refused(sentence.to_owned()));
    }
    Ok(())
}

/// The directory of ours below which rooms and caches lie.
pub(super) struct Cache {
    dir: PathBuf,
}

fn broken(why: &std::io::Error) -> ResolveError {
    ResolveError::passing(format!("cannot use the resolver's directory: {why}"))
}

fn make(dir: &Path) -> Result<(), ResolveError> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(|why| broken(&why))
}

impl Cache {
    pub(super) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub(super) fn path(&self) -> &Path {
        &self.dir
    }

    /// Clears what a killed process left, and caches that grew too large. One run at a time: nobody is in there.
    pub(super) fn prepare(&self) -> Result<(), ResolveError> {
        let _ = fs::remove_dir_all(self.dir.join("rooms"));
        if directory_bytes(&self.dir) > CACHE_MAX {
            empty(&self.dir);
        }
        make(&self.dir.join("rooms"))
    }

    /// A new room with these files in it.
    pub(super) fn room(&self, files: &[Source]) -> Result<Room, ResolveError> {
        let dir = tempfile::Builder::new().prefix("run-").tempdir_in(self.dir.join("rooms"));
        let room = Room { dir: dir.map_err(|why| broken(&why))? };
        for folder in [room.home().join(".config/go/telemetry"), room.scratch(), room.repository()] {
            make(&folder)?;
        }
        // Go would start a process of its own for telemetry.
        fs::write(room.home().join(".config/go/telemetry/mode"), "off").map_err(|why| broken(&why))?;
        for empty in ["npmrc", "npmrc-global"] {
            fs::write(room.home().join(empty), "").map_err(|why| broken(&why))?;
        }
        for file in files.iter().filter(|file| is_allowed(&file.path)) {
            room.write(&file.path, &file.text)?;
        }
        Ok(room)
    }
}

fn empty(dir: &Path) {
    for cache in ["cargo", "go", "npm"] {
        let _ = fs::remove_dir_all(dir.join(cache));
    }
}

/// A directory for one run; it is removed in the end.
pub(super) struct Room {
    dir: TempDir,
}

impl Room {
    pub(super) fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    pub(super) fn scratch(&self) -> PathBuf {
        self.dir.path().join("tmp")
    }

    pub(super) fn repository(&self) -> PathBuf {
        self.dir.path().join("repository")
    }

    fn write(&self, path: &str, text: &str) -> Result<(), ResolveError> {
        let place = self.repository().join(path);
        make(place.parent().unwrap_or(&place))?;
        fs::write(place, text).map_err(|why| broken(&why))
    }

    /// A file as the tool left it: none when it is not there.
    pub(super) fn read(&self, path: &str) -> Result<Option<Source>, ResolveError> {
        let place = self.repository().join(path);
        let Ok(meta) = fs::symlink_metadata(&place) else { return Ok(None) };
        if !is_allowed(path) || !meta.is_file() || meta.len() > FILE_MAX as u64 {
            let shown = clean_line(path, 100);
            return Err(ResolveError::failed(format!("the resolver did not write {shown} as a regular file")));
        }
        let text = fs::read_to_string(place).map_err(|why| broken(&why))?;
        Ok(Some(Source { path: path.to_owned(), text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str) -> Source {
        Source { path: path.to_owned(), text: String::new() }
    }

    #[test]
    fn paths_are_checked() {
        for bad in ["", "/etc/Cargo.toml", "../Cargo.toml", "a/../Cargo.toml", "a//b", "./a", "a\\b", "a\nb", "a/"] {
            assert!(check(&[source(bad)]).is_err(), "{bad:?}");
        }
        assert!(check(&[source("a/Cargo.toml"), source("Cargo.toml")]).is_ok());
        assert!(check(&[source("Cargo.toml"), source("Cargo.toml")]).is_err());
    }

    #[test]
    fn only_manifests_and_locks_take_part() {
        for bad in [
            ".npmrc",
            ".yarnrc.yml",
            ".pnpmfile.cjs",
            ".cargo/config.toml",
            "build.rs",
            "setup.py",
            "Gemfile",
            "rust-toolchain.toml",
            "go.work",
            "node_modules/a/package.json",
            "vendor/x/go.mod",
            "cargo.toml",
            "npm-shrinkwrap.json",
        ] {
            assert!(!is_allowed(bad), "{bad}");
        }
        assert!(ALLOWED.iter().all(|name| is_allowed(name) && is_allowed(&format!("a/b/{name}"))));
    }

    #[test]
    fn what_is_read_back_is_a_plain_file() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path().to_owned());
        cache.prepare().unwrap();
        let room = cache.room(&[source("a/Cargo.lock"), source(".npmrc")]).unwrap();
        assert!(room.read("a/Cargo.lock").unwrap().is_some());
        assert!(room.read("b/Cargo.lock").unwrap().is_none());
        assert!(!room.repository().join(".npmrc").exists());
        std::os::unix::fs::symlink("/etc/passwd", room.repository().join("go.sum")).unwrap();
        assert!(room.read("go.sum").is_err());
        let large = fs::File::create(room.repository().join("go.mod")).unwrap();
        large.set_len(FILE_MAX as u64 + 1).unwrap();
        assert!(room.read("go.mod").is_err());
    }
}
