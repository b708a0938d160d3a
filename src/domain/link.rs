//! Chat accounts that belong to one person, as they proved it.

use super::actor::{Actor, Place, Platform};
use super::ids::Digest;
use super::text::Untrusted;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// An account on a chat platform.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Account {
    pub platform: Platform,
    pub id: String,
}

impl Account {
    /// The account of whoever acts. Those who write directly are who they are elsewhere.
    #[must_use]
    pub fn of(actor: &Actor) -> Self {
        let id = actor.id.strip_prefix("direct/").unwrap_or(&actor.id);
        Self { platform: actor.platform.clone(), id: id.to_owned() }
    }

    /// How settings name it.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}:{}", self.platform, self.id)
    }
}

/// Whose account at the forge this is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub account: Account,
    pub name: Untrusted,
    pub login: String,
    /// The forge's number of that account, which stays when its login goes to somebody else.
    #[serde(default)]
    pub id: Option<u64>,
    pub at: Time,
    /// When the forge was asked last whether the login is still theirs.
    #[serde(default)]
    pub looked: Time,
    /// How it was proved; absent in what was stored before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<LinkVia>,
}

/// How somebody proved whose account it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkVia {
    /// They entered a code at the forge.
    Device,
    /// They brought a code from the console, where they had signed in.
    Console,
}

/// What a person links their account with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkBy {
    /// They sign in at the forge.
    Forge,
    /// They are signed in at the console, which makes the code that they bring to the chat.
    Console { code: Option<String> },
}

/// A sign-in at the forge that a person has to finish there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceCode {
    /// What is asked with whether they have, sealed by the adapter.
    pub handle: String,
    /// What they enter, and where.
    pub code: String,
    pub url: String,
    /// At least so long between two questions, in seconds.
    pub interval_s: i64,
    /// How long the code counts, in seconds.
    pub lives_s: i64,
}

/// How far the person is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Polled {
    Pending,
    /// Asked too often: from now on at least so long between two questions, in seconds.
    SlowDown {
        interval_s: i64,
    },
    /// They signed in with this login, which is now this account's.
    Is {
        login: String,
        #[serde(default)]
        id: Option<u64>,
    },
    /// It will not come to anything, and why.
    Ended {
        why: String,
    },
}

/// A sign-in at the forge that is not over, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    pub actor: Actor,
    pub place: Place,
    pub device: DeviceCode,
    pub interval_s: i64,
    pub until: Time,
}

impl Pending {
    /// Names this very sign-in: answers to an older one are no answers to it.
    #[must_use]
    pub fn flow(&self) -> Digest {
        Digest::of([self.device.handle.as_bytes()])
    }
}

/// What happens on the way to a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "linking", rename_all = "snake_case")]
pub enum Linking {
    /// The forge gave a code, or not, and why.
    Begun {
        actor: Box<Actor>,
        place: Box<Place>,
        device: Result<DeviceCode, String>,
    },
    /// It is time to ask again, or to give up.
    Due {
        account: Account,
        flow: Digest,
    },
    Polled {
        account: Account,
        flow: Digest,
        polled: Polled,
    },
    /// The forge was asked whose a linked login is now: `None` where nobody has it.
    Looked {
        account: Account,
        login: String,
        id: Option<u64>,
    },
}
