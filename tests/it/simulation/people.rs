//! Who is there, what they may do, and what they say.

use super::plants::Plant;
use ci_rescue::domain::actor::{Actor, Place, Platform, Principal, Role};
use ci_rescue::domain::event::Event;
use ci_rescue::domain::form::Fields;
use ci_rescue::domain::{Failure, Repo};
use ci_rescue::ports::{Decoder, Delivery, Directory, Heard};
use serde::{Deserialize, Serialize};

pub const SOURCE: &str = "sim";

pub const PEOPLE: [(&str, Role); 5] = [
    ("ada", Role::Approver),
    ("cyd", Role::Approver),
    ("ben", Role::Responder),
    ("vic", Role::Viewer),
    ("root", Role::Admin),
];

pub fn role(name: &str) -> Role {
    PEOPLE.iter().find(|(have, _)| *have == name).map_or(Role::Viewer, |(_, role)| *role)
}

/// What arrives, as it is put in the inbox.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum Said {
    Happened {
        happened: Box<Event>,
    },
    Words {
        actor: Actor,
        place: Place,
        text: String,
    },
    Press {
        actor: Actor,
        place: Place,
        value: String,
    },
    /// A repository has another name.
    Named {
        id: u64,
        repo: Repo,
    },
    /// A job waits for a runner.
    Queued {
        key: String,
        failure: Box<Failure>,
    },
    /// It waits no more.
    Left {
        key: String,
        happened: Box<Event>,
    },
}

impl Said {
    /// Something that an incident waited for has come.
    fn is_end(&self) -> bool {
        match self {
            Self::Left { .. } => true,
            Self::Happened { happened } => matches!(**happened, Event::Ran { .. }),
            _ => false,
        }
    }
}

pub struct Reader {
    pub plant: Option<Plant>,
}

impl Decoder for Reader {
    fn source(&self) -> &'static str {
        SOURCE
    }

    fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String> {
        let said: Said = serde_json::from_str(&delivery.body).map_err(|why| why.to_string())?;
        if self.plant == Some(Plant::HearsNoEnd) && said.is_end() {
            return Ok(vec![Heard::Ignored { why: "planted".into() }]);
        }
        Ok(vec![match said {
            Said::Happened { happened } => Heard::Event(happened),
            Said::Named { id, repo } => Heard::Named { id, repo, renamed: true },
            Said::Queued { key, failure } => Heard::Queued { key, failure },
            Said::Left { key, happened } => return Ok(vec![Heard::Taken { key }, Heard::Event(happened)]),
            Said::Words { actor, place, text } => Heard::Words { actor, place, text },
            Said::Press { actor, place, value } => {
                Heard::Pressed { actor, place, value, input: None, fields: Fields::default() }
            }
        }])
    }
}

/// Everybody has an account on each platform: `slack-ada` and `discord-ada` are one person.
pub struct Team {
    pub plant: Option<Plant>,
}

pub fn account(platform: &str, name: &str) -> Actor {
    Actor {
        platform: Platform::new(platform),
        id: format!("{platform}-{name}"),
        also: None,
        name: name.into(),
        groups: Vec::new(),
    }
}

impl Directory for Team {
    fn principal(&self, actor: &Actor, _: &Place) -> Principal {
        let name = actor.id.split_once('-').map_or(actor.id.as_str(), |(_, name)| name);
        let key = if self.plant == Some(Plant::TwoFaces) { &actor.id } else { name };
        Principal {
            key: key.to_owned(),
            name: name.into(),
            role: Plant::role(self.plant, role(name)),
            github: Some(name.to_owned()),
            known: true,
        }
    }

    fn admins(&self) -> Vec<Vec<(Platform, String)>> {
        vec![vec![(Platform::new("slack"), "slack-root".into())]]
    }
}
