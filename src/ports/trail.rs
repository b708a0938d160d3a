//! Where entries of the audit go as they are made, for programs that keep logs.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// One entry, masked as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trail {
    /// Counted from 1 in the order in which entries were stored: who sees a number twice has seen the entry.
    pub n: u64,
    /// RFC 3339.
    pub at: String,
    /// The person's name as configured; absent where nobody did it.
    pub by: Option<String>,
    /// What kind of entry, such as `approved`.
    pub action: String,
    /// Absent for the installation's own journal.
    pub repo: Option<String>,
    /// 0 for the installation's own journal.
    pub incident: u64,
    /// The entry's number in its journal.
    pub entry: u64,
    pub text: String,
}

/// A log that takes them.
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// `file` or `syslog`; there is one of each kind.
    fn name(&self) -> &'static str;

    /// Takes these, in this order, or fails: then all of them come again.
    ///
    /// # Errors
    /// What went wrong, in a sentence.
    async fn take(&self, entries: &[Trail]) -> Result<(), String>;
}
