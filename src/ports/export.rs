//! Incidents and their journals for other programs.

use crate::domain::ids::Repo;
use crate::domain::time::Time;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a line is of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Exported {
    #[default]
    Incidents,
    /// One entry of an incident's journal.
    Journal,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Newline-delimited JSON.
    #[default]
    Jsonl,
    /// With a header, as RFC 4180 has it. A cell that a spreadsheet would take for a formula begins with an apostrophe.
    Csv,
}

/// Which of them, newest incident first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportAsked {
    pub what: Exported,
    pub format: Format,
    /// `owner/name`
    pub repo: Option<String>,
    /// Incidents opened, or entries written, from here on.
    pub since: Option<Time>,
    /// And before this.
    pub until: Option<Time>,
    /// Of these repositories alone; `None` for all.
    pub only: Option<BTreeSet<Repo>>,
}
