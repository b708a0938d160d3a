//! Names become object ids before anything else is done with them: no other call of git is handed a person's words.

use super::Git;
use crate::domain::refs::{Branch, is_commit};
use crate::ports::PortError;

/// A longer text names nothing, in bytes.
const REVISION_MAX: usize = 1_000;

impl Git {
    /// The commit at the head of a branch.
    ///
    /// # Errors
    /// There is no such branch.
    pub async fn branch(&self, branch: &Branch) -> Result<String, PortError> {
        let full = branch.full();
        self.resolve(&full).await?.ok_or_else(|| PortError::permanent(format!("branch {branch} does not exist")))
    }

    /// The commit that a revision means, whatever way git knows to name one: `HEAD~1`, a tag, a branch, a short id.
    ///
    /// # Errors
    /// It names no commit, several, or something else.
    pub async fn revision(&self, text: &str) -> Result<String, PortError> {
        let shown = crate::domain::text::clean_line(text, 60);
        let refuse = |why: &str| PortError::permanent(format!("`{shown}` {why}"));
        if text.is_empty() || text.len() > REVISION_MAX || text.starts_with('-') || text.contains(char::is_control) {
            return Err(refuse("is not a revision: give a commit, tag or branch, or something like HEAD~1"));
        }
        // `^x` and `a..b` are sets of commits, which `--verify` lets pass or answers with several lines.
        let printed = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", text], b"").await?;
        let object = Some(printed.text()).filter(|object| printed.code == 0 && is_commit(object));
        let Some(object) = object else {
            let is_id = text.len() >= 4 && text.bytes().all(|b| b.is_ascii_hexdigit());
            let several = is_id && {
                let wanted = format!("--disambiguate={text}");
                self.line(&["rev-parse", &wanted], b"").await.is_ok_and(|all| all.lines().count() > 1)
            };
            return Err(refuse(if several {
                "is ambiguous: give more digits"
            } else {
                "is not a commit, tag or branch of this repository"
            }));
        };
        self.resolve(&object).await?.ok_or_else(|| refuse("is not a commit"))
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// There is none yet.
    pub async fn head(&self) -> Result<String, PortError> {
        self.resolve("HEAD").await?.ok_or_else(|| PortError::permanent("the repository has no commits yet"))
    }

    async fn resolve(&self, name: &str) -> Result<Option<String>, PortError> {
        let wanted = format!("{name}^{{commit}}");
        let printed = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], b"").await?;
        Ok((printed.code == 0).then(|| printed.text()).filter(|sha| is_commit(sha)))
    }
}
