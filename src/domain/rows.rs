//! Rows of the lists that commands answer with.

use super::ids::IncidentNo;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    pub no: IncidentNo,
    pub stage: String,
    pub severity: String,
    pub repo: Untrusted,
    pub branch: Untrusted,
    pub job: Untrusted,
    pub line: Untrusted,
    pub opened_at: Time,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuarantinedRow {
    pub id: String,
    pub repo: Untrusted,
    pub test: Untrusted,
    pub owner: Untrusted,
    /// `3d`.
    pub age: String,
    pub until: String,
    pub reason: Untrusted,
    pub served: bool,
    /// Its pull request is not merged yet.
    #[serde(default)]
    pub pending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FeedRow {
    pub words: Untrusted,
    pub fixed: bool,
}
