//! An ecosystem's own resolver, run on copies of manifests and locks, where the operator allows it.

use super::PortError;
use crate::domain::edit::Source;
use async_trait::async_trait;

#[async_trait]
pub trait Resolver: Send + Sync {
    /// The files that change when `package` is resolved to `version`, or what the resolver said against it; none of the
    /// repository's code runs.
    ///
    /// # Errors
    /// Transient where the registry was not reached in time; permanent where it must not or cannot be done.
    async fn resolve(
        &self,
        ecosystem: &str,
        package: &str,
        version: &str,
        files: &[Source],
    ) -> Result<Result<Vec<Source>, String>, PortError>;
}
