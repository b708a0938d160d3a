//! Reproductions that the bot runs itself, in a container: one run, or a search for the culprit by such runs.

use super::evidence::FailingTest;
use super::suspect::Landed;
use super::text::Untrusted;
use serde::{Deserialize, Serialize};

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// A script, for people to run.
    #[default]
    Script,
    /// The script is run at the failing commit.
    Run,
    /// The same between the last green commit and the failing one.
    Bisect,
}

/// The newest one of an incident. One is run at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reproduction {
    /// Counted from 1.
    pub n: u32,
    /// The person's key.
    pub by: String,
    /// The failing commit.
    pub sha: String,
    pub workflow: Untrusted,
    pub job: Untrusted,
    pub tests: Vec<FailingTest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Search>,
    pub ended: bool,
}

/// Which commit broke it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Search {
    /// The last green commit.
    pub green: String,
    /// The oldest first; the last is the failing one. Empty until they were looked up.
    pub commits: Vec<Landed>,
    /// What runs came to, in their order. Position 0 is the green commit, each other one commit further.
    pub seen: Vec<(usize, Shade)>,
}

/// What a run says of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shade {
    Red,
    Green,
    /// It could not be told, as where the set-up fails.
    Unknown,
}

/// One run in a container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReproRun {
    pub sha: String,
    pub came: Came,
    /// The last lines of what it printed, masked.
    pub tail: Vec<Untrusted>,
    pub took_ms: i64,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "came", rename_all = "snake_case")]
pub enum Came {
    /// The tests fail.
    Red { status: i32 },
    /// They pass.
    Green,
    /// Neither is known, and why.
    Unknown { why: String },
    /// It was broken off, and why.
    Stopped { why: String },
}

impl Came {
    /// What it says of its commit; `None` where it was broken off.
    #[must_use]
    pub fn shade(&self) -> Option<Shade> {
        match self {
            Self::Red { .. } => Some(Shade::Red),
            Self::Green => Some(Shade::Green),
            Self::Unknown { .. } => Some(Shade::Unknown),
            Self::Stopped { .. } => None,
        }
    }
}
