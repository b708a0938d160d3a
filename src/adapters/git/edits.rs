//! Edits of files at a commit: read what is wanted, let the editor decide, write a tree.

use super::Git;
use super::objects::Entry;
use crate::domain::change::{Change, ChangeOutcome, NewCommit};
use crate::domain::edit::{Edit, Edited, Editing, Source};
use crate::ports::PortError;
use std::collections::{HashMap, HashSet};

/// More candidates than this are searched for the needle first.
const READ_AT_ONCE: usize = 50;
/// In a partial clone each of them has to be fetched; then so many are too many.
const READ_PARTIAL: usize = 5_000;
/// Commits in which a mark came or went that are looked at.
const FORMER_COMMITS: &str = "20";
/// Earlier contents of one file that are looked at, and of all files together.
const EARLIER_EACH: &str = "30";
const EARLIER_ALL: usize = 60;
/// How far files that bring in others are followed, and how many at once.
const FOLLOWED_DEPTH: usize = 5;
const FOLLOWED_MAX: usize = 50;

/// A file's bytes as text, and back. What is not UTF-8 is taken byte by byte, so that every byte comes back as it was.
struct Decoded {
    text: String,
    utf8: bool,
}

fn decode(bytes: Vec<u8>) -> Option<Decoded> {
    match String::from_utf8(bytes) {
        Ok(text) => Some(Decoded { text, utf8: true }),
        Err(raw) => {
            let bytes = raw.into_bytes();
            let binary = bytes.contains(&0);
            (!binary).then(|| Decoded { text: bytes.into_iter().map(char::from).collect(), utf8: false })
        }
    }
}

fn encode(text: &str, utf8: bool) -> Vec<u8> {
    if utf8 {
        return text.as_bytes().to_vec();
    }
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?')).collect()
}

fn is_regular(entry: &Entry) -> bool {
    entry.mode == "100644" || entry.mode == "100755"
}

/// The entries of files that those which were read bring in.
fn followed<'e>(entries: &'e [Entry], sources: &[Source], editing: &dyn Editing) -> Vec<&'e Entry> {
    let mut paths = editing.follows(sources);
    paths.retain(|path| !sources.iter().any(|source| source.path == *path));
    let is_one = |entry: &&Entry| is_regular(entry) && paths.iter().any(|path| path.as_bytes() == entry.path);
    if paths.is_empty() { Vec::new() } else { entries.iter().filter(is_one).take(FOLLOWED_MAX).collect() }
}

impl Git {
    /// Lets `editing` edit the files of `commit`. Writes objects, and no ref.
    ///
    /// # Errors
    /// git failed; what the editor refuses is a [`Change`] with its reasons.
    pub async fn edit(&self, commit: &str, editing: &dyn Editing, message: &str) -> Result<Change, PortError> {
        let entries = self.entries(commit).await?;
        let mut wanted: Vec<&Entry> = entries
            .iter()
            .filter(|entry| is_regular(entry) && std::str::from_utf8(&entry.path).is_ok_and(|path| editing.wants(path)))
            .collect();
        let needles = editing.needles();
        if self.is_partial() && wanted.len() > READ_PARTIAL {
            return Ok(Change::refused(format!(
                "{} files may contain it, too many to fetch: name the file",
                wanted.len()
            )));
        }
        if !self.is_partial() && wanted.len() > READ_AT_ONCE && !needles.is_empty() {
            let holding = self.holding(commit, &needles).await?;
            wanted.retain(|entry| holding.contains(&entry.path));
        }
        let (mut sources, mut utf8) = self.sources(&wanted).await?;
        if !needles.is_empty() {
            sources.retain(|source| needles.iter().any(|needle| source.text.contains(needle)));
        }
        for _ in 0..FOLLOWED_DEPTH {
            let more = followed(&entries, &sources, editing);
            if more.is_empty() {
                break;
            }
            let (read, encodings) = self.sources(&more).await?;
            // What is binary would be asked for again and again.
            let has_more = !read.is_empty();
            sources.extend(read);
            utf8.extend(encodings);
            wanted.extend(more);
            if !has_more {
                break;
            }
        }
        let earlier = self.earlier(commit, &wanted, editing).await?;
        match editing.edit(&sources, &earlier) {
            Edited::Ready(edit) => self.write(commit, &entries, &utf8, edit, message).await,
            Edited::Already(why) => Ok(Change::nothing(ChangeOutcome::Already, vec![why])),
            Edited::Refused(why) => Ok(Change::nothing(ChangeOutcome::Refused, why)),
            Edited::Unresolved(locks) => {
                Ok(Change::nothing(ChangeOutcome::Refused, locks.into_iter().map(|lock| lock.why).collect()))
            }
            Edited::Absent => {
                let nothing = Change::refused("found nothing with that name in the repository");
                Ok(Change { absent: true, ..nothing })
            }
        }
    }

    /// Whether `editing` had something to edit at an earlier commit: there, or right before, a text came or went.
    ///
    /// # Errors
    /// git failed.
    pub async fn once_could(&self, commit: &str, editing: &dyn Editing, text: &str) -> Result<bool, PortError> {
        let picked = format!("-S{text}");
        let out = self.run(&["log", "--format=%H %P", "-n", FORMER_COMMITS, &picked, commit], b"").await?;
        for sha in String::from_utf8_lossy(&out).split_whitespace() {
            if self.edit(sha, editing, "").await?.outcome == ChangeOutcome::Ready {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The files of a commit that hold one of the texts.
    async fn holding(&self, commit: &str, needles: &[String]) -> Result<HashSet<Vec<u8>>, PortError> {
        let mut args = vec!["grep", "-z", "-l", "-F", "--no-textconv", "--full-name"];
        args.extend(needles.iter().flat_map(|needle| ["-e", needle.as_str()]));
        args.push(commit);
        let printed = self.ask(&args, b"").await?;
        if printed.code > 1 {
            return Err(PortError::permanent(format!("git grep: {}", printed.err)));
        }
        let prefix = commit.len() + 1;
        Ok(printed.out.split(|byte| *byte == 0).filter_map(|line| line.get(prefix..)).map(<[u8]>::to_vec).collect())
    }

    /// All paths at a commit that are text, and the texts of the wanted ones.
    pub(super) async fn files(
        &self,
        commit: &str,
        wants: for<'p> fn(&'p str) -> bool,
    ) -> Result<(Vec<String>, Vec<Source>), PortError> {
        let entries = self.entries(commit).await?;
        let path = |entry: &Entry| std::str::from_utf8(&entry.path).map(str::to_owned).ok();
        let paths = entries.iter().filter_map(path).collect();
        let wanted: Vec<&Entry> =
            entries.iter().filter(|entry| is_regular(entry) && path(entry).is_some_and(|path| wants(&path))).collect();
        Ok((paths, self.sources(&wanted).await?.0))
    }

    async fn sources(&self, wanted: &[&Entry]) -> Result<(Vec<Source>, HashMap<String, bool>), PortError> {
        let oids: Vec<String> = wanted.iter().map(|entry| entry.oid.clone()).collect();
        let (mut sources, mut utf8) = (Vec::new(), HashMap::new());
        if oids.is_empty() {
            return Ok((sources, utf8));
        }
        for (entry, content) in wanted.iter().zip(self.blobs(&oids).await?) {
            let Some(decoded) = content.and_then(decode) else { continue };
            let path = String::from_utf8_lossy(&entry.path).into_owned();
            utf8.insert(path.clone(), decoded.utf8);
            sources.push(Source { path, text: decoded.text });
        }
        Ok((sources, utf8))
    }

    /// Former contents of locks, newest first: `git log` of the file.
    async fn earlier(&self, commit: &str, wanted: &[&Entry], editing: &dyn Editing) -> Result<Vec<Source>, PortError> {
        let mut all = Vec::new();
        for entry in wanted {
            let Ok(path) = std::str::from_utf8(&entry.path) else { continue };
            if !editing.wants_earlier(path) || all.len() >= EARLIER_ALL {
                continue;
            }
            let args = [
                "log",
                "-n",
                EARLIER_EACH,
                "--format=",
                "--raw",
                "--no-abbrev",
                "--no-renames",
                "-m",
                "--first-parent",
                "-z",
                commit,
                "--",
                path,
            ];
            let out = self.run(&args, b"").await?;
            let oids = former(&out, &entry.oid);
            for content in self.blobs(&oids).await?.into_iter().flatten() {
                if let Some(decoded) = decode(content) {
                    all.push(Source { path: path.to_owned(), text: decoded.text });
                }
            }
        }
        Ok(all)
    }

    async fn write(
        &self,
        commit: &str,
        entries: &[Entry],
        utf8: &HashMap<String, bool>,
        edit: Edit,
        message: &str,
    ) -> Result<Change, PortError> {
        let mut lines = Vec::new();
        for file in &edit.files {
            if let Some(why) = forbidden(&file.path, entries) {
                return Ok(Change::refused(why));
            }
            let have = entries.iter().find(|entry| entry.path == file.path.as_bytes());
            let mode = have.map_or("100644", |entry| entry.mode.as_str());
            let bytes = encode(&file.text, utf8.get(&file.path).copied().unwrap_or(true));
            let oid = self.write_blob(&bytes).await?;
            lines.extend_from_slice(format!("{mode} {oid}\t{}\0", file.path).as_bytes());
        }
        let base_tree = self.tree_of(commit).await?;
        let tree = self.tree_with(&base_tree, &lines).await?;
        if tree == base_tree {
            return Ok(Change::nothing(ChangeOutcome::Already, edit.because));
        }
        let diff = self.diff(&base_tree, &tree).await?;
        let patch_id = self.patch_id(&diff).await?;
        let own =
            NewCommit { tree: tree.clone(), author: String::new(), date: String::new(), message: message.to_owned() };
        let locks = edit.unresolved.into_iter().map(|lock| lock.why);
        Ok(Change {
            warnings: edit.warnings.into_iter().chain(locks).collect(),
            base: commit.to_owned(),
            tree,
            diff,
            patch_id,
            commits: vec![own],
            ..Change::nothing(ChangeOutcome::Ready, edit.because)
        })
    }

    /// A tree with some entries replaced or added, by an index of its own.
    async fn tree_with(&self, tree: &str, lines: &[u8]) -> Result<String, PortError> {
        let dir = tempfile::tempdir().map_err(|why| PortError::transient(why.to_string()))?;
        let git = self.clone().with_env("GIT_INDEX_FILE", dir.path().join("index").as_os_str());
        git.run(&["read-tree", tree], b"").await?;
        git.run(&["update-index", "-z", "--index-info"], lines).await?;
        git.line(&["write-tree"], b"").await
    }
}

/// Blob ids of `git log --raw -z`, without the one that stands now and without repetitions.
fn former(out: &[u8], now: &str) -> Vec<String> {
    let text = String::from_utf8_lossy(out);
    let mut all: Vec<String> = Vec::new();
    for line in text.split('\0').filter_map(|line| line.trim_start().strip_prefix(':')) {
        let words: Vec<&str> = line.split(' ').collect();
        let [old_mode, new_mode, old, new, ..] = words.as_slice() else { continue };
        for (mode, oid) in [(new_mode, new), (old_mode, old)] {
            // A submodule's commit is not in this repository.
            let none = oid.bytes().all(|byte| byte == b'0') || *mode == "160000";
            if !none && *oid != now && !all.iter().any(|have| have == oid) {
                all.push((*oid).to_owned());
            }
        }
    }
    all
}

/// Why a path is not written: it leaves the tree, means git's own directory, or goes through a link.
fn forbidden(path: &str, entries: &[Entry]) -> Option<String> {
    let bad = |part: &str| part.is_empty() || part == "." || part == ".." || part.eq_ignore_ascii_case(".git");
    if path.starts_with('/') || path.contains('\\') || path.contains('\0') || path.split('/').any(bad) {
        return Some(format!("`{}` is not a path inside the repository", path.chars().take(80).collect::<String>()));
    }
    let link = entries.iter().find(|entry| {
        !is_regular(entry)
            && (path.as_bytes() == entry.path || path.as_bytes().starts_with(&[&entry.path[..], b"/"].concat()))
    });
    link.map(|_| {
        format!(
            "`{}` is a symbolic link or a submodule, which are never edited",
            path.chars().take(80).collect::<String>()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let bytes: Vec<u8> = (1..=255).collect();
        let decoded = decode(bytes.clone()).unwrap();
        assert!(!decoded.utf8);
        assert_eq!(encode(&decoded.text, decoded.utf8), bytes);
        assert!(decode(vec![0xff, 0]).is_none());
    }

    #[test]
    fn former_contents_are_named_once() {
        let (a, b, zero) = ("a".repeat(40), "b".repeat(40), "0".repeat(40));
        let out = format!(":100644 100644 {b} {a} M\0lock\0:000000 100644 {zero} {b} A\0lock\0");
        assert_eq!(former(out.as_bytes(), &a), vec![b]);
    }
}
