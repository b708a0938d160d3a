//! Providers' status pages.

use super::PortError;
use crate::domain::outage::Outage;
use async_trait::async_trait;

#[async_trait]
pub trait StatusPages: Send + Sync {
    /// The names of the providers, as the operator calls them.
    fn names(&self) -> Vec<String>;

    /// What is not resolved at this one now.
    ///
    /// # Errors
    /// Its page cannot be reached or read: a sentence.
    async fn outages(&self, provider: &str) -> Result<Vec<Outage>, PortError>;
}
