//! Whether people have resolved the conflicts of a draft.

use super::Git;
use super::objects::Entry;
use crate::domain::refs::OwnBranch;
use crate::ports::PortError;

impl Git {
    /// The head of our branch, and those of these files that are as the draft left them or still hold markers. A file that
    /// one side deleted, or a binary one, never had any.
    pub(super) async fn markers(
        &self,
        branch: &OwnBranch,
        paths: &[String],
        tree: &str,
    ) -> Result<(String, Vec<String>), PortError> {
        let full = format!("{}^{{commit}}", branch.full());
        let head = self.line(&["rev-parse", "--verify", "--end-of-options", &full], b"").await?;
        let (now, draft) = (self.entries(&head).await?, self.entries(tree).await?);
        let mut left = Vec::new();
        for path in paths {
            let (here, there) = (of(&now, path), of(&draft, path));
            let same = here.map(|entry| (&entry.oid, &entry.mode)) == there.map(|entry| (&entry.oid, &entry.mode));
            let marked = match here.filter(|_| !same) {
                Some(entry) => {
                    let text = self.blobs(std::slice::from_ref(&entry.oid)).await?;
                    text.into_iter().flatten().next().is_some_and(|text| has_markers(&text))
                }
                None => false,
            };
            if same || marked {
                left.push(path.clone());
            }
        }
        Ok((head, left))
    }
}

fn of<'e>(entries: &'e [Entry], path: &str) -> Option<&'e Entry> {
    entries.iter().find(|entry| entry.path == path.as_bytes())
}

/// A line that opens a conflict and a later one that closes it, as git writes them: seven signs, or as many more as
/// `conflict-marker-size` says.
fn has_markers(text: &[u8]) -> bool {
    let begins = |line: &[u8], sign: u8| {
        let signs = line.iter().take_while(|byte| **byte == sign).count();
        signs >= 7 && line.get(signs) == Some(&b' ')
    };
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.any(|line| begins(line, b'<')) && lines.any(|line| begins(line, b'>'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_make_a_conflict() {
        for (text, want) in [
            ("<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n", true),
            ("<<<<<<<<<<< HEAD\na\n===========\nb\n>>>>>>>>>>> x\n", true),
            ("a <<<<<<< HEAD\n>>>>>>> x\n", false),
            (">>>>>>> x\n<<<<<<< HEAD\n", false),
            ("Title\n=======\n", false),
        ] {
            assert_eq!(has_markers(text.as_bytes()), want, "{text}");
        }
    }
}
