//! Yarn, classic and berry: the manifests of npm, locks of its own.

pub mod edit;
pub mod lock;
pub mod relock;
