//! pnpm: the manifests of npm, locks and workspaces of its own.

pub mod edit;
pub mod lock;
pub mod relock;
pub mod workspace;
