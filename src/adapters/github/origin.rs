//! Where git finds a repository, and with which token.

use super::api::GitHub;
use crate::domain::ids::Repo;
use crate::ports::{GitOrigin, Origins, PortError};
use async_trait::async_trait;

#[async_trait]
impl Origins for GitHub {
    async fn origin(&self, repo: &Repo) -> Result<GitOrigin, PortError> {
        Ok(GitOrigin { url: self.clone_address(repo), token: self.token(Some(repo)).await? })
    }
}

impl GitHub {
    pub(super) fn clone_address(&self, repo: &Repo) -> String {
        format!("{}://{}/{repo}.git", self.api.scheme(), Self::web_host(self.api.as_str()))
    }
}
