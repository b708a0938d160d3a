//! Several processes on one store: all of them take in what arrives, one of them leads.

use async_trait::async_trait;

/// This process among the others. Whoever leads claims work, fires timers, publishes cards and listens to sockets.
#[async_trait]
pub trait Replicas: Send + Sync {
    /// Whether this process leads now, as far as it knows.
    fn leads(&self) -> bool;
    /// Waits until it does, or does not.
    async fn leading(&self, leads: bool);
    /// Waits until others put something in since the count that is given; answers the count to give next.
    async fn news(&self, known: u64) -> u64;
    /// Lets another lead, for good.
    async fn resign(&self);
}
