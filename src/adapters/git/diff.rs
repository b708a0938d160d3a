//! A diff that text can carry, and its patch id.

use super::Git;
use crate::ports::PortError;

const DIFF: &[&str] = &["diff", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color"];

impl Git {
    /// What `git diff --binary --full-index` prints between two trees. Files whose diff is not UTF-8 come as binary
    /// patches, so that the whole is text and still applies.
    pub(super) async fn diff(&self, from: &str, to: &str) -> Result<String, PortError> {
        let whole = self.run(&[DIFF, &[from, to, "--"]].concat(), b"").await?;
        let broken = match String::from_utf8(whole) {
            Ok(text) => return Ok(text),
            Err(broken) => broken.into_bytes(),
        };
        let sections = sections(&broken);
        let pairs = self.pairs(from, to).await?;
        let mut text = String::new();
        if sections.len() != pairs.len() {
            // A file that becomes a link is one pair and two sections: then all of it comes as binary.
            return self.binary(from, to, &[]).await;
        }
        for (section, paths) in sections.into_iter().zip(pairs) {
            match std::str::from_utf8(section) {
                Ok(section) => text.push_str(section),
                Err(_) => text.push_str(&self.binary(from, to, &paths).await?),
            }
        }
        Ok(text)
    }

    /// The paths of each changed file, old and new, in the order of the diff.
    async fn pairs(&self, from: &str, to: &str) -> Result<Vec<Vec<Vec<u8>>>, PortError> {
        let out = self.run(&["diff", "--name-status", "-z", "--no-ext-diff", from, to, "--"], b"").await?;
        let mut words = out.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let mut all = Vec::new();
        while let Some(status) = words.next() {
            let count = if status.starts_with(b"R") || status.starts_with(b"C") { 2 } else { 1 };
            all.push(words.by_ref().take(count).map(<[u8]>::to_vec).collect());
        }
        Ok(all)
    }

    async fn binary(&self, from: &str, to: &str, paths: &[Vec<u8>]) -> Result<String, PortError> {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let attributes = tempfile::NamedTempFile::new().map_err(|why| PortError::transient(why.to_string()))?;
        std::fs::write(attributes.path(), "* -diff\n").map_err(|why| PortError::transient(why.to_string()))?;
        let setting = format!("core.attributesFile={}", attributes.path().display());
        // Attributes of the repository would win over ours.
        let plain = self.clone().with_env("GIT_ATTR_SOURCE", self.empty_tree().await?);
        let mut args: Vec<&OsStr> = vec![OsStr::new("-c"), OsStr::new(&setting)];
        args.extend(DIFF.iter().map(OsStr::new));
        args.extend([OsStr::new(from), OsStr::new(to), OsStr::new("--")]);
        args.extend(paths.iter().map(|path| OsStr::from_bytes(path)));
        let printed = plain.ask_os(&args, b"").await?;
        String::from_utf8(printed.out).map_err(|_| PortError::permanent("git diff printed invalid text"))
    }

    /// The same for the same change on another base; empty for no change.
    pub(super) async fn patch_id(&self, diff: &str) -> Result<String, PortError> {
        let line = self.line(&["patch-id", "--stable"], diff.as_bytes()).await?;
        Ok(line.split(' ').next().unwrap_or_default().to_owned())
    }

    /// The paths that differ between two trees.
    pub(super) async fn changed(&self, from: &str, to: &str) -> Result<Vec<String>, PortError> {
        let out = self.run(&["diff-tree", "-r", "-z", "--name-only", "--no-renames", from, to], b"").await?;
        Ok(out.split(|byte| *byte == 0).filter(|path| !path.is_empty()).map(shown).collect())
    }
}

/// A path for people and JSON; bytes that are no text are replaced.
pub(super) fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// A diff by file. Lines of content never begin with `diff --git`: they carry a sign before.
fn sections(diff: &[u8]) -> Vec<&[u8]> {
    const HEAD: &[u8] = b"diff --git ";
    let mut starts: Vec<usize> = memchr::memmem::find_iter(diff, b"\ndiff --git ").map(|at| at + 1).collect();
    if diff.starts_with(HEAD) {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([diff.len()]);
    starts.iter().zip(ends).map(|(from, to)| &diff[*from..to]).collect()
}
