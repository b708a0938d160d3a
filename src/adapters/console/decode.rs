//! What a person typed or pressed on the page.

use super::session::Who;
use super::{CHANNEL, PLATFORM};
use crate::domain::actor::{Actor, Place, Platform};
use crate::domain::form::Fields;
use crate::ports::{Decoder, Delivery, Heard};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Said {
    pub person: String,
    pub name: String,
    /// What they signed in with says so.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The incident whose page it was said on.
    pub thread: Option<String>,
    pub text: Option<String>,
    pub value: Option<String>,
    /// What was filled into the form of a button.
    #[serde(default)]
    pub fields: Fields,
}

impl Said {
    /// Nothing yet, by this person.
    pub fn by(who: &Who) -> Self {
        let (person, name, groups) = (who.person.clone(), who.name.clone(), who.groups.clone());
        Self { person, name, groups, thread: None, text: None, value: None, fields: Fields::new() }
    }

    /// Who says it, and where.
    pub fn who(&self) -> (Actor, Place) {
        let platform = Platform::new(PLATFORM);
        let (id, name) = (self.person.clone(), self.name.clone().into());
        let actor = Actor { platform: platform.clone(), id, also: None, name, groups: self.groups.clone() };
        let thread = self.thread.clone();
        (actor, Place { platform, channel: CHANNEL.into(), thread, reply_to: None, pull: None })
    }
}

pub struct ConsoleDecoder;

impl Decoder for ConsoleDecoder {
    fn source(&self) -> &'static str {
        "console"
    }

    fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String> {
        let said: Said = serde_json::from_str(&delivery.body).map_err(|why| format!("the form does not fit: {why}"))?;
        let (actor, place) = said.who();
        Ok(match (said.value, said.text) {
            (Some(value), input) => vec![Heard::Pressed { actor, place, value, input, fields: said.fields }],
            (None, Some(text)) => vec![Heard::Words { actor, place, text }],
            (None, None) => Vec::new(),
        })
    }
}
