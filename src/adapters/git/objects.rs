//! Reading and writing objects: trees, blobs, what is known of a commit.

use super::Git;
use crate::ports::PortError;

/// A file of a tree.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub mode: String,
    pub oid: String,
    /// As git keeps it: any bytes but NUL.
    pub path: Vec<u8>,
}

/// A commit, as far as picks need it.
#[derive(Clone, Debug)]
pub(super) struct CommitFacts {
    pub sha: String,
    pub parents: Vec<String>,
    pub tree: String,
    pub author: String,
    pub date: String,
    pub message: String,
}

impl CommitFacts {
    pub fn subject(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    pub fn short(&self) -> &str {
        self.sha.get(..10).unwrap_or(&self.sha)
    }
}

/// Larger files are neither parsed nor edited, in bytes.
pub(super) const BLOB_MAX: usize = 4 << 20;

impl Git {
    /// Every file of a tree or commit.
    pub(super) async fn entries(&self, tree: &str) -> Result<Vec<Entry>, PortError> {
        let out = self.run(&["ls-tree", "-r", "-z", "--full-tree", tree], b"").await?;
        Ok(out.split(|byte| *byte == 0).filter_map(entry).collect())
    }

    /// The contents of blobs, in order; `None` for one that is larger than [`BLOB_MAX`].
    pub(super) async fn blobs(&self, oids: &[String]) -> Result<Vec<Option<Vec<u8>>>, PortError> {
        if oids.is_empty() {
            return Ok(Vec::new());
        }
        self.fetch_missing(oids).await?;
        let asked = oids.join("\n") + "\n";
        let sizes = self.run(&["cat-file", "--batch-check=%(objectsize)"], asked.as_bytes()).await?;
        let sizes = String::from_utf8_lossy(&sizes).into_owned();
        if sizes.lines().any(|line| line.ends_with(" missing")) {
            return Err(PortError::permanent("this clone does not have all contents"));
        }
        let fits: Vec<bool> =
            sizes.lines().map(|line| line.parse::<usize>().is_ok_and(|size| size <= BLOB_MAX)).collect();
        let wanted: Vec<&str> =
            oids.iter().zip(&fits).filter(|(_, fits)| **fits).map(|(oid, _)| oid.as_str()).collect();
        let out = self.run(&["cat-file", "--batch"], (wanted.join("\n") + "\n").as_bytes()).await?;
        let mut rest = out.as_slice();
        let mut all = Vec::new();
        for fits in fits {
            all.push(if fits { Some(one_blob(&mut rest).ok_or_else(unreadable)?) } else { None });
        }
        Ok(all)
    }

    /// In a partial clone: fetches what is not here in one go, where git would ask for each by itself.
    async fn fetch_missing(&self, oids: &[String]) -> Result<(), PortError> {
        if !self.is_partial() {
            return Ok(());
        }
        let still = self.clone().with_env("GIT_NO_LAZY_FETCH", "1");
        let asked = oids.join("\n") + "\n";
        let out = still.run(&["cat-file", "--batch-check=%(objectname)"], asked.as_bytes()).await?;
        let text = String::from_utf8_lossy(&out).into_owned();
        let missing: Vec<&str> = text.lines().filter_map(|line| line.strip_suffix(" missing")).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let wanted = missing.join("\n") + "\n";
        let args =
            ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--filter=blob:none", "--stdin", "origin"];
        self.run(&args, wanted.as_bytes()).await.map(|_| ())
    }

    pub(super) async fn write_blob(&self, content: &[u8]) -> Result<String, PortError> {
        self.line(&["hash-object", "-w", "-t", "blob", "--stdin"], content).await
    }

    pub(super) async fn tree_of(&self, commit: &str) -> Result<String, PortError> {
        let wanted = format!("{commit}^{{tree}}");
        self.line(&["rev-parse", "--verify", "--end-of-options", &wanted], b"").await
    }

    pub(super) async fn empty_tree(&self) -> Result<String, PortError> {
        self.line(&["mktree"], b"").await
    }

    pub(super) async fn facts(&self, commit: &str) -> Result<CommitFacts, PortError> {
        let format = "--format=%H%n%P%n%T%n%an <%ae>%n%ad%n%B";
        let out =
            self.run(&["show", "-s", "--no-notes", "--date=raw", format, "--end-of-options", commit], b"").await?;
        let text = String::from_utf8_lossy(&out).into_owned();
        let mut lines = text.splitn(6, '\n');
        let mut next = || lines.next().unwrap_or_default().to_owned();
        let (sha, parents, tree, author, date) = (next(), next(), next(), next(), next());
        let message = next().trim_end().to_owned();
        let parents = parents.split_whitespace().map(str::to_owned).collect();
        Ok(CommitFacts { sha, parents, tree, author, date, message })
    }
}

fn unreadable() -> PortError {
    PortError::permanent("git cat-file printed something unexpected")
}

/// `mode SP type SP oid TAB path`
fn entry(line: &[u8]) -> Option<Entry> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let head = std::str::from_utf8(&line[..tab]).ok()?;
    let mut words = head.split(' ');
    let (mode, _kind, oid) = (words.next()?, words.next()?, words.next()?);
    Some(Entry { mode: mode.to_owned(), oid: oid.to_owned(), path: line[tab + 1..].to_vec() })
}

/// `oid SP type SP size LF content LF`
fn one_blob(rest: &mut &[u8]) -> Option<Vec<u8>> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let size: usize = std::str::from_utf8(&rest[..end]).ok()?.rsplit(' ').next()?.parse().ok()?;
    let content = rest.get(end + 1..end + 1 + size)?.to_vec();
    *rest = rest.get(end + 2 + size..)?;
    Some(content)
}
