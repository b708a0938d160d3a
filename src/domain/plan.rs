//! What a remedy wants to do, before anybody has agreed.

use super::action::Action;
use super::facts::Preview;
use super::ids::Digest;
use super::text::Untrusted;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedAction {
    pub action: Action,
    pub undo: Option<Action>,
}

/// A short list of acts with their undos. An approval binds to the digest, never to the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    pub remedy: String,
    /// One line for people: what will happen.
    pub summary: Untrusted,
    /// What else it brings about, and warnings.
    pub notes: Vec<Untrusted>,
    /// Why this and not something smaller or larger.
    pub because: Vec<String>,
    pub steps: Vec<PlannedAction>,
    /// Everything that it would undo can be undone: no code changes.
    pub reversible: bool,
    /// What will change in which branch.
    #[serde(default)]
    pub previews: Vec<(String, Preview)>,
    /// Why one more person has to agree than usual.
    #[serde(default)]
    pub sensitive: Vec<String>,
    /// The run has to end first.
    pub waits: bool,
    pub digest: Digest,
}

/// A remedy's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Planning {
    Needs(Vec<super::effect::Lookup>),
    Ready(Box<Plan>),
    Refused(Vec<String>),
    /// It can be planned later: what it waits for.
    Later(String),
}
