//! How an incident stands.

use serde::{Deserialize, Serialize};

/// Where an incident stands. GitHub owns the word *status*.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    #[default]
    Open,
    AwaitingApproval,
    Running,
    Resolved,
    Quarantined,
    Escalated,
}

impl Stage {
    pub const ALL: [Self; 6] =
        [Self::Open, Self::AwaitingApproval, Self::Running, Self::Resolved, Self::Quarantined, Self::Escalated];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::AwaitingApproval => "awaiting_approval",
            Self::Running => "running",
            Self::Resolved => "resolved",
            Self::Quarantined => "quarantined",
            Self::Escalated => "escalated",
        }
    }

    #[must_use]
    pub fn is_closed(self) -> bool {
        self == Self::Resolved
    }
}
