//! What keeps a bot out of a channel or off a platform, and what its operator does about it.

use super::text::Untrusted;
use serde::{Deserialize, Serialize};

/// Why nothing can be written somewhere until somebody does something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Barrier {
    /// The channel is archived.
    Archived,
    /// The channel was deleted, or is hidden from the bot.
    Missing,
    /// The bot is not in the channel.
    NotMember,
    /// The bot may not write there.
    Forbidden,
    /// The token is refused: revoked, expired, or its app was uninstalled.
    Token,
    /// The mail server refuses the user name or the password.
    Credentials,
    /// The installation lacks a scope.
    Scope,
    /// The bot was removed from the server.
    Removed,
    /// It fails again and again, and is tried all the same.
    Unreachable,
    /// What the answer says.
    #[default]
    Other,
}

impl Barrier {
    pub const ALL: [Self; 10] = [
        Self::Archived,
        Self::Missing,
        Self::NotMember,
        Self::Forbidden,
        Self::Token,
        Self::Credentials,
        Self::Scope,
        Self::Removed,
        Self::Unreachable,
        Self::Other,
    ];

    /// Whether it is in the way of every channel of the platform.
    #[must_use]
    pub fn is_everywhere(self) -> bool {
        matches!(self, Self::Token | Self::Credentials | Self::Scope | Self::Removed)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Archived => "archived",
            Self::Missing => "missing",
            Self::NotMember => "not_member",
            Self::Forbidden => "forbidden",
            Self::Token => "token",
            Self::Credentials => "credentials",
            Self::Scope => "scope",
            Self::Removed => "removed",
            Self::Unreachable => "unreachable",
            Self::Other => "other",
        }
    }

    /// What to do, as the beginning of a sentence.
    #[must_use]
    pub fn advice(self) -> &'static str {
        match self {
            Self::Archived => "Unarchive it",
            Self::Missing => "If it still exists, add the bot to it",
            Self::NotMember => "Add the bot to it",
            Self::Forbidden => "Let the bot see it and write in it and in its threads",
            Self::Token => "Install the app again, set the new bot token, and restart the bot",
            Self::Credentials => "Correct the user name and the password",
            Self::Scope => "Install the app again with the manifest that ci-rescue prints",
            Self::Removed => "Add the bot to the server again with the link that ci-rescue prints",
            Self::Unreachable | Self::Other => "Fix this",
        }
    }
}

/// A channel that cannot be written to, or could not, as people are told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Closed {
    /// As people write it.
    pub platform: String,
    /// Empty where it is the whole platform.
    pub channel: String,
    /// The channel's, where the platform tells it.
    pub name: Option<Untrusted>,
    /// What the platform says; empty once it is over.
    pub why: String,
    /// What to do.
    pub advice: String,
    /// What `unsubscribe from=` takes, where that would end it.
    pub leave: Option<String>,
    /// Cards that wait.
    pub held: u64,
}
