//! Work trees for agents: the files of a commit laid out in a directory, what became of them, and that as a patch.
//!
//! The directory knows nothing of git: no `.git`, no configuration, no way to push. Attributes of the repository are off,
//! so that what comes out is byte for byte what went in.

use super::Git;
use super::diff::shown;
use super::view::View;
use crate::domain::agent::Touched;
use crate::domain::change::{Change, ChangeOutcome, NewCommit};
use crate::ports::PortError;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// A patch to be put on a commit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patched<'a> {
    pub base: &'a str,
    pub diff: &'a str,
    pub message: &'a str,
}

/// Nothing is converted on the way out or in.
const ATTRIBUTES: &str = "* -text !eol !ident !filter !working-tree-encoding !diff !merge\n";
/// Of more files than this, the texts are not read.
const TOUCHED_READ: usize = 50;
const RAW: &[&str] = &["diff-tree", "-r", "-z", "--no-renames", "--no-ext-diff", "--no-textconv"];

impl View {
    /// git with an index of its own, which is gone with the returned directory.
    fn indexed(&self) -> Result<(Git, tempfile::TempDir), PortError> {
        let failed = |why: std::io::Error| PortError::transient(why.to_string());
        let dir = tempfile::tempdir().map_err(failed)?;
        let info = self.path().join("info");
        fs::create_dir_all(&info).map_err(failed)?;
        fs::write(info.join("attributes"), ATTRIBUTES).map_err(failed)?;
        Ok((self.git().clone().with_env("GIT_INDEX_FILE", dir.path().join("index").as_os_str()), dir))
    }

    /// Writes the files of a commit into an empty directory.
    pub(super) async fn lay_out(&self, commit: &str, place: &Path) -> Result<(), PortError> {
        let (git, _index) = self.indexed()?;
        let git = git.with_env("GIT_WORK_TREE", place.as_os_str());
        git.run(&["read-tree", "-u", "--reset", commit], b"").await.map(|_| ())
    }

    /// What differs in the directory from the commit, as a change with each touched file.
    pub(super) async fn collect(&self, commit: &str, place: &Path) -> Result<(Change, Vec<Touched>), PortError> {
        // A submodule's own directory would say which programs run over its files.
        without_git(place).map_err(|why| PortError::permanent(format!("what the agent left cannot be read: {why}")))?;
        let (git, index) = self.indexed()?;
        git.run(&["read-tree", commit], b"").await?;
        // Whatever runs over foreign files knows no token.
        let inside = Git::at(self.path())
            .with_env("GIT_INDEX_FILE", index.path().join("index").as_os_str())
            .with_env("GIT_WORK_TREE", place.as_os_str());
        inside.run(&["-c", "advice.addEmbeddedRepo=false", "add", "--all", "--", "."], b"").await?;
        let tree = git.line(&["write-tree"], b"").await?;
        let base = git.tree_of(commit).await?;
        Ok((change(&git, commit, &tree, "").await?, git.touched(&base, &tree).await?))
    }

    /// A patch on the commit that it was made on.
    pub(super) async fn patched(&self, patch: Patched<'_>) -> Result<Change, PortError> {
        let (git, _index) = self.indexed()?;
        git.run(&["read-tree", patch.base], b"").await?;
        git.run(&["apply", "--cached", "--binary", "--whitespace=nowarn", "-"], patch.diff.as_bytes()).await?;
        let tree = git.line(&["write-tree"], b"").await?;
        change(&git, patch.base, &tree, patch.message).await
    }
}

/// Removes everything that git would take for a repository of its own; links are not followed.
fn without_git(place: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(place)? {
        let (entry, is_git) = entry.map(|entry| (entry.path(), entry.file_name().eq_ignore_ascii_case(".git")))?;
        let is_dir = fs::symlink_metadata(&entry)?.is_dir();
        match (is_git, is_dir) {
            (true, true) => fs::remove_dir_all(&entry)?,
            (true, false) => fs::remove_file(&entry)?,
            (false, true) => without_git(&entry)?,
            (false, false) => {}
        }
    }
    Ok(())
}

async fn change(git: &Git, commit: &str, tree: &str, message: &str) -> Result<Change, PortError> {
    let base = git.tree_of(commit).await?;
    if tree == base {
        return Ok(Change::nothing(ChangeOutcome::Empty, vec!["it changes no file".into()]));
    }
    let diff = git.diff(&base, tree).await?;
    let patch_id = git.patch_id(&diff).await?;
    let own = NewCommit { tree: tree.into(), author: String::new(), date: String::new(), message: message.to_owned() };
    Ok(Change {
        base: commit.to_owned(),
        tree: tree.into(),
        diff,
        patch_id,
        commits: vec![own],
        ..Change::nothing(ChangeOutcome::Ready, Vec::new())
    })
}

impl Git {
    /// The files that differ between two trees, with their modes and texts.
    async fn touched(&self, from: &str, to: &str) -> Result<Vec<Touched>, PortError> {
        let raw = self.run(&[RAW, &["--raw", "--no-abbrev", from, to]].concat(), b"").await?;
        let lines = self.run(&[RAW, &["--numstat", from, to]].concat(), b"").await?;
        let counts = counts(&lines);
        let mut words = raw.split(|byte| *byte == 0).map(shown);
        let (mut all, mut oids) = (Vec::new(), Vec::new());
        while let (Some(facts), Some(path)) = (words.next(), words.next()) {
            let facts: Vec<&str> = facts.trim_start_matches(':').split(' ').collect();
            let [old_mode, new_mode, old, new, ..] = facts.as_slice() else { continue };
            let there = |mode: &str| if mode == "000000" { String::new() } else { mode.to_owned() };
            let lines = counts.get(&path).copied().unwrap_or(0);
            let (old_mode, new_mode) = (there(old_mode), there(new_mode));
            oids.push((regular(&old_mode, old), regular(&new_mode, new)));
            all.push(Touched { path, old_mode, new_mode, lines, ..Touched::default() });
        }
        // So many are refused anyway.
        let read = if all.len() > TOUCHED_READ { 0 } else { all.len() };
        for (touched, (old, new)) in all.iter_mut().zip(oids).take(read) {
            touched.old = self.text(old).await?;
            touched.new = self.text(new).await?;
        }
        Ok(all)
    }

    async fn text(&self, oid: Option<String>) -> Result<Option<String>, PortError> {
        let Some(oid) = oid else { return Ok(None) };
        let found = self.blobs(&[oid]).await?.pop().flatten();
        Ok(found.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !text.contains('\0')))
    }
}

fn regular(mode: &str, oid: &str) -> Option<String> {
    matches!(mode, "100644" | "100755").then(|| oid.to_owned())
}

/// Added and removed lines by path, of `git diff-tree --numstat -z`; a file that is no text has none.
fn counts(out: &[u8]) -> BTreeMap<String, usize> {
    let line = |line: &[u8]| {
        let text = shown(line);
        let mut words = text.splitn(3, '\t');
        let (plus, minus, path) = (words.next()?, words.next()?, words.next()?);
        let count = |word: &str| word.parse::<usize>().unwrap_or(0);
        Some((path.to_owned(), count(plus) + count(minus)))
    };
    out.split(|byte| *byte == 0).filter_map(line).collect()
}
