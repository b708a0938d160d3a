//! Places of a platform beside its channels: a person's page, a window over a message, previews of links.

use super::actor::{Actor, Place, Role};
use super::card::{Button, Link};
use super::ids::IncidentNo;
use super::pointer::Pointer;
use super::quarantined::Quarantined;
use super::time::Time;
use serde::{Deserialize, Serialize};

/// Incidents in one list of a person's page, and how many it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    pub incidents: Vec<IncidentNo>,
    pub more: u64,
}

/// What a person does next who cannot see everything yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "hint", rename_all = "snake_case")]
pub enum Hint {
    /// Link their account. `known`: the configuration names them all the same.
    Link { known: bool },
    /// Nobody can link accounts here: they ask the operator.
    Ask { account: String },
    /// They linked it, and have no role.
    Role { login: String },
    /// They may see nothing here.
    Stranger,
}

/// What a person's page lists. Incidents are read when the page is written, so that it shows their last state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lists {
    /// When it was put together: one of a later moment goes before it.
    pub at: Time,
    pub hint: Option<Hint>,
    /// They may press buttons.
    pub acts: bool,
    pub waiting: List,
    pub own: List,
    pub team: List,
    /// Quarantines that end soon, the first first.
    pub ending: Vec<Quarantined>,
    pub more_ending: u64,
}

/// A person who looked at their page a short while ago.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    pub actor: Actor,
    pub place: Place,
    /// It is kept up to date until then.
    pub until: Time,
    /// When it was last put together.
    pub at: Time,
    /// What it showed then.
    pub shown: Vec<IncidentNo>,
}

/// A person's page. Every string is escaped for one markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Home {
    /// What to do next; empty where everything is in place.
    pub lead: String,
    pub parts: Vec<Part>,
    /// All incidents, in a browser.
    pub link: Option<Link>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Plain text.
    pub title: String,
    pub rows: Vec<Row>,
    /// What is left out, or that there is nothing; empty otherwise.
    pub foot: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    pub text: String,
    pub buttons: Vec<Button>,
}

/// A message whose links get previews, as the platform names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    pub channel: String,
    pub message: String,
    /// Its links' own id, where the platform gives one.
    pub links: Option<String>,
}

/// A link in a message: what it leads to, and its address as the adapter keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linked {
    pub to: Pointer,
    pub address: String,
}

/// What is answered to somebody who asks about the link in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Found {
    NoLink,
    Stranger,
    /// It does not exist, or they may not see it.
    Hidden {
        to: Pointer,
    },
    Incident {
        no: IncidentNo,
    },
    /// There is no incident yet, and the forge is asked. `open`: they want one.
    Nothing {
        to: Pointer,
        role: Role,
        open: bool,
    },
}

/// A window that is open. Every string is escaped for one markup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub paragraphs: Vec<String>,
    pub links: Vec<Link>,
    /// What one click opens an incident for.
    pub offer: Option<Pointer>,
}
