//! What people did with an incident as such: who has it, until when it is snoozed, who resolved it by hand.

use super::evidence::Severity;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// Somebody works on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub by: Untrusted,
    /// The person's key.
    pub key: String,
    pub at: Time,
}

/// Nobody is called until then, unless it gets worse than it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snoozed {
    pub by: Untrusted,
    pub until: Time,
    pub severity: Severity,
    /// Jobs that failed by then.
    pub jobs: usize,
}

/// Closed by a person, not because anything passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resolved {
    pub by: Untrusted,
    pub reason: Option<Untrusted>,
}
