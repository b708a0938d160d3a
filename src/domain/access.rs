//! What somebody asked, and what they may read.

use super::actor::{Actor, Place};
use super::form::Fields;
use super::ids::Repo;
use super::page::{Linked, Posted};
use super::pointer::Pointer;
use serde::{Deserialize, Serialize};

/// Something that a person did, to be taken up again once it is known what they may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "asked", rename_all = "snake_case")]
pub enum Asked {
    Words {
        actor: Actor,
        place: Place,
        text: String,
    },
    Press {
        actor: Actor,
        place: Place,
        value: String,
        input: Option<String>,
        #[serde(default)]
        fields: Fields,
    },
    Visit {
        actor: Actor,
        place: Place,
    },
    /// They ask about what a message links to, in a window that is open for the answer.
    Rescue {
        actor: Actor,
        place: Place,
        window: String,
        to: Option<Pointer>,
        open: bool,
    },
    /// They posted links.
    Links {
        actor: Actor,
        place: Place,
        at: Posted,
        links: Vec<Linked>,
    },
}

impl Asked {
    #[must_use]
    pub fn by(&self) -> (&Actor, &Place) {
        match self {
            Self::Words { actor, place, .. }
            | Self::Press { actor, place, .. }
            | Self::Visit { actor, place }
            | Self::Rescue { actor, place, .. }
            | Self::Links { actor, place, .. } => (actor, place),
        }
    }
}

/// What the forge told of one repository, for one account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readable {
    /// As it was asked for.
    pub repo: Repo,
    /// As the forge names it; `None` where there is none that we see.
    pub name: Option<Repo>,
    /// It is public, or the account may read it.
    pub may: bool,
}
