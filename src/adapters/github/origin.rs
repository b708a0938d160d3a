//! Where git finds a repository, and with which token.

use super::api::GitHub;
use crate::domain::ids::Repo;
use crate::ports::{GitOrigin, Origins, PortError};
use async_trait::async_trait;

#[async_trait]
impl Origins for GitHub {
    async fn origin(&self, repo: &Repo) -> Result<GitOrigin, PortError> {
        let scheme = self.api.scheme();
        let host = Self::web_host(self.api.as_str());
        Ok(GitOrigin { url: format!("{scheme}://{host}/{repo}.git"), token: self.token(Some(repo)).await? })
    }
}
