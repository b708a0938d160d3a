//! Who speaks and where: accounts, the people behind them, and places to answer in.

use super::ids::{IncidentNo, Repo};
use super::text::Untrusted;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A surface on which people meet the bot. Open for more: the core compares it and never branches on it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Platform(pub String);

impl Platform {
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An account on one platform. `id` is the platform's own stable id, never the display name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Actor {
    pub platform: Platform,
    pub id: String,
    /// Another id of the same account: of the organisation that its workspace belongs to.
    #[serde(default)]
    pub also: Option<String>,
    pub name: Untrusted,
    /// Groups and roles that whoever vouches for the account says it is in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

/// The person behind one or several accounts. Unlinked accounts are people of their own with role viewer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// Stable key for the two-person rule: the configured name, or `platform:id` for an unlinked account.
    pub key: String,
    pub name: Untrusted,
    pub role: Role,
    /// Their login at the forge, where it is known.
    #[serde(default)]
    pub github: Option<String>,
    /// The operator named them.
    #[serde(default)]
    pub known: bool,
}

/// What a person may do; each role may do all that the one before may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Viewer,
    Responder,
    Approver,
    Admin,
}

impl Role {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Responder => "responder",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where something was said, so that the answer finds its way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub platform: Platform,
    pub channel: String,
    /// The thread's root message, where it was said in one.
    pub thread: Option<String>,
    /// What a private answer needs beyond the actor (a Slack response URL, a Discord interaction's key, a comment's id).
    pub reply_to: Option<String>,
    /// The pull request it was said on. What is said there is only about that repository.
    #[serde(default)]
    pub pull: Option<(Repo, u64)>,
}

/// A conversation that knows its incident: a message in a channel, and what hangs below it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Thread {
    pub platform: Platform,
    pub channel: String,
    pub message: String,
}

/// Why a stored binding exists: thread → incident.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    pub thread: Thread,
    pub incident: IncidentNo,
}
