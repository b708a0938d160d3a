//! Names become object ids; nothing else is handed to git as a revision.

use super::Git;
use crate::domain::refs::{Branch, is_commit};
use crate::ports::PortError;

impl Git {
    /// The commit at the head of a branch.
    ///
    /// # Errors
    /// There is no such branch.
    pub async fn branch(&self, branch: &Branch) -> Result<String, PortError> {
        let full = branch.full();
        self.resolve(&full).await?.ok_or_else(|| PortError::permanent(format!("there is no branch {branch}")))
    }

    /// The commit that an object id, whole or abbreviated, means.
    ///
    /// # Errors
    /// It is none, or nobody knows it.
    pub async fn commit(&self, text: &str) -> Result<String, PortError> {
        if !is_commit(text) {
            let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
            return Err(PortError::permanent(format!(
                "`{shown}` is no commit: give 7 to 64 hexadecimal digits, as `git rev-parse` prints them"
            )));
        }
        if let Some(sha) = self.resolve(text).await? {
            return Ok(sha);
        }
        let wanted = format!("--disambiguate={text}");
        let several = self.line(&["rev-parse", &wanted], b"").await.is_ok_and(|all| all.lines().count() > 1);
        let why = if several { "means several objects: give more digits" } else { "is no commit here" };
        Err(PortError::permanent(format!("{text} {why}")))
    }

    /// The commit that is checked out.
    ///
    /// # Errors
    /// There is none yet.
    pub async fn head(&self) -> Result<String, PortError> {
        self.resolve("HEAD").await?.ok_or_else(|| PortError::permanent("the repository has no commit yet"))
    }

    async fn resolve(&self, name: &str) -> Result<Option<String>, PortError> {
        let wanted = format!("{name}^{{commit}}");
        let printed = self.ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], b"").await?;
        Ok((printed.code == 0).then(|| printed.text()).filter(|sha| is_commit(sha)))
    }
}
