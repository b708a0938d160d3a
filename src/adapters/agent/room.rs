//! A directory for one run: the files that may be changed, a home and a place for scratch, removed in the end.

use crate::adapters::directory_bytes;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What one run writes, in bytes, besides what was laid out.
pub(super) const ROOM_BYTES_MAX: u64 = 2 << 30;

pub(super) struct Room<'a> {
    repository: &'a Path,
    own: PathBuf,
}

impl<'a> Room<'a> {
    /// Around the directory that was laid out; home and scratch lie beside it.
    pub(super) fn around(repository: &'a Path) -> std::io::Result<Self> {
        let own = repository.with_extension("agent");
        for dir in [own.join("home"), own.join("tmp")] {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        }
        Ok(Self { repository, own })
    }

    pub(super) fn repository(&self) -> &Path {
        self.repository
    }

    pub(super) fn own(&self) -> &Path {
        &self.own
    }

    pub(super) fn home(&self) -> PathBuf {
        self.own.join("home")
    }

    pub(super) fn scratch(&self) -> PathBuf {
        self.own.join("tmp")
    }

    /// What it holds, in bytes; links are not followed.
    pub(super) fn bytes(&self) -> u64 {
        directory_bytes(self.repository).saturating_add(directory_bytes(&self.own))
    }
}

impl Drop for Room<'_> {
    /// What the agent may have locked is opened first.
    fn drop(&mut self) {
        open(&self.own);
        open(self.repository);
        let _ = fs::remove_dir_all(&self.own);
    }
}

fn open(path: &Path) {
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o700));
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            open(&entry.path());
        }
    }
}
