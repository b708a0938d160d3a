//! Somebody's repository, seen without its configuration, hooks, attributes and work tree.
//!
//! A git directory of our own in a temporary place points at the objects and refs of theirs. So nothing that stands
//! in their `config`, `hooks` or `info` is read, and nothing of theirs changes; new objects are added to their store.

use super::Git;
use crate::domain::refs::is_commit;
use crate::ports::PortError;
use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// Lives as long as its temporary directory.
pub struct View {
    git: Git,
    /// Removed with the view.
    dir: tempfile::TempDir,
    /// A partial clone, whose origin we do not ask.
    partial: bool,
}

/// Our own configuration: what git needs to know of the format, and nothing else.
const CONFIG: &str = "[core]\n\trepositoryformatversion = 1\n\tbare = true\n";
/// Small files of a git directory, in bytes.
const SMALL: u64 = 64 << 10;

impl View {
    /// `path` is a work tree, a directory in one, a linked work tree or a bare repository.
    ///
    /// # Errors
    /// There is no repository, or one of a form that is not supported; the message says which.
    pub fn open(path: &Path) -> Result<Self, PortError> {
        let view = Self::with(path, "")?;
        // Where refs were before: `main@{1}`. A linked work tree has a HEAD of its own.
        if let Some(found) = git_dir(path) {
            let logs = view.path().join("logs");
            let failed = |why: std::io::Error| PortError::permanent(format!("{}: {why}", path.display()));
            fs::create_dir(&logs).map_err(failed)?;
            for (theirs, name) in [(common_dir(&found).join("logs/refs"), "refs"), (found.join("logs/HEAD"), "HEAD")] {
                if let Ok(theirs) = fs::canonicalize(theirs) {
                    symlink(theirs, logs.join(name)).map_err(failed)?;
                }
            }
        }
        Ok(view)
    }

    /// Like [`View::open`], with more of our own configuration: of a partial clone, where the rest is.
    pub(super) fn with(path: &Path, more: &str) -> Result<Self, PortError> {
        let found = git_dir(path).ok_or_else(|| {
            PortError::permanent(format!(
                "{} is not a Git repository: give the directory of one with --repo",
                path.display()
            ))
        })?;
        let common = common_dir(&found);
        if common.join("reftable").exists() {
            return Err(PortError::permanent(
                "the repository stores its refs in a reftable, which is not supported yet",
            ));
        }
        let failed = |why: std::io::Error| PortError::permanent(format!("{}: {why}", path.display()));
        let dir = tempfile::tempdir().map_err(failed)?;
        for name in ["objects", "refs", "packed-refs", "shallow"] {
            let theirs = common.join(name);
            if theirs.exists() {
                let theirs = fs::canonicalize(theirs).map_err(failed)?;
                symlink(theirs, dir.path().join(name)).map_err(failed)?;
            }
        }
        let head = small(&found.join("HEAD")).unwrap_or_default();
        fs::write(dir.path().join("HEAD"), own_head(&head)).map_err(failed)?;
        let format = if is_sha256(&common) { "[extensions]\n\tobjectFormat = sha256\n" } else { "" };
        fs::write(dir.path().join("config"), format!("{CONFIG}{format}{more}")).map_err(failed)?;
        Ok(Self { git: Git::at(dir.path()), dir, partial: more.is_empty() && is_partial(&common) })
    }

    #[must_use]
    pub(super) fn map(self, change: impl FnOnce(Git) -> Git) -> Self {
        Self { git: change(self.git), ..self }
    }

    /// The command that fetches what is not here of these commits' history; `None` where all of it is here.
    ///
    /// # Errors
    /// git failed.
    pub async fn lacks(&self, commits: &[&str]) -> Result<Option<String>, PortError> {
        if !self.partial {
            return Ok(None);
        }
        let listed = [&["rev-list", "--objects", "--missing=print", "--end-of-options"], commits].concat();
        let printed = self.git.run(&listed, b"").await?;
        let lacks = printed.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"?"));
        Ok(lacks.then(|| {
            "this partial clone does not have all contents: run `git fetch --refetch --no-filter` first".to_owned()
        }))
    }

    /// Our own git directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    #[must_use]
    pub fn git(&self) -> &Git {
        &self.git
    }
}

/// A head that is a ref or an object id, and nothing else.
fn own_head(theirs: &str) -> String {
    let theirs = theirs.trim();
    let is_ref = theirs.strip_prefix("ref: refs/").is_some_and(|rest| !rest.contains("..") && !rest.contains('\n'));
    if is_ref || is_commit(theirs) { format!("{theirs}\n") } else { "ref: refs/heads/main\n".into() }
}

fn small(path: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(path).ok()?.take(SMALL).read_to_string(&mut text).ok()?;
    Some(text)
}

fn is_git_dir(path: &Path) -> bool {
    path.join("HEAD").is_file() && (path.join("objects").is_dir() || path.join("commondir").is_file())
}

/// The git directory of a path: itself, `.git` in it or above it, or where a `.git` file points.
fn git_dir(path: &Path) -> Option<PathBuf> {
    let path = fs::canonicalize(path).ok()?;
    if is_git_dir(&path) {
        return Some(path);
    }
    path.ancestors().find_map(|above| {
        let inside = above.join(".git");
        if inside.is_file() {
            let text = small(&inside)?;
            let target = above.join(text.trim().strip_prefix("gitdir:")?.trim());
            return is_git_dir(&target).then_some(target);
        }
        is_git_dir(&inside).then_some(inside)
    })
}

/// Where a linked work tree's repository keeps what all its work trees share.
fn common_dir(dir: &Path) -> PathBuf {
    match small(&dir.join("commondir")) {
        Some(text) => dir.join(text.trim()),
        None => dir.to_owned(),
    }
}

/// Of their configuration, two words are taken: the object format, and whether a remote has the missing objects.
fn says(common: &Path, key: &str, value: &str) -> bool {
    let config = small(&common.join("config")).unwrap_or_default().to_ascii_lowercase();
    let said = |line: &str| line.split_once('=').is_some_and(|(k, v)| k.trim() == key && v.trim() == value);
    config.lines().any(said)
}

fn is_sha256(common: &Path) -> bool {
    says(common, "objectformat", "sha256")
}

fn is_partial(common: &Path) -> bool {
    says(common, "promisor", "true")
}
