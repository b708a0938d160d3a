//! Conflict markers that are left in a draft.

use super::Git;
use crate::domain::refs::OwnBranch;
use crate::ports::PortError;

impl Git {
    /// The head of our branch, and those of these files that still hold the markers of a conflict.
    pub(super) async fn markers(
        &self,
        branch: &OwnBranch,
        paths: &[String],
    ) -> Result<(String, Vec<String>), PortError> {
        let full = format!("{}^{{commit}}", branch.full());
        let head = self.line(&["rev-parse", "--verify", "--end-of-options", &full], b"").await?;
        let all = self.entries(&head).await?;
        let wanted: Vec<_> =
            all.iter().filter(|entry| paths.iter().any(|path| path.as_bytes() == entry.path)).collect();
        let oids: Vec<String> = wanted.iter().map(|entry| entry.oid.clone()).collect();
        let texts = self.blobs(&oids).await?;
        let marked = wanted.iter().zip(texts).filter(|(_, text)| text.as_ref().is_some_and(|text| has_markers(text)));
        Ok((head, marked.map(|(entry, _)| super::diff::shown(&entry.path)).collect()))
    }
}

/// A line that opens a conflict and a later one that closes it, as git writes them.
fn has_markers(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.any(|line| line.starts_with(b"<<<<<<< ")) && lines.any(|line| line.starts_with(b">>>>>>> "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_make_a_conflict() {
        for (text, want) in [
            ("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n", true),
            ("a <<<<<<< HEAD\n>>>>>>> x\n", false),
            (">>>>>>> x\n<<<<<<< HEAD\n", false),
            ("Title\n=======\n", false),
        ] {
            assert_eq!(has_markers(text.as_bytes()), want, "{text}");
        }
    }
}
