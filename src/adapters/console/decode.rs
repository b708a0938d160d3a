//! What a person typed or pressed on the page.

use super::{CHANNEL, PLATFORM};
use crate::domain::actor::{Actor, Place, Platform};
use crate::ports::{Decoder, Delivery, Heard};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize)]
pub struct Said {
    pub person: String,
    pub name: String,
    /// The incident whose page it was said on.
    pub thread: Option<String>,
    pub text: Option<String>,
    pub value: Option<String>,
}

pub struct ConsoleDecoder;

impl Decoder for ConsoleDecoder {
    fn source(&self) -> &'static str {
        "console"
    }

    fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String> {
        let said: Said = serde_json::from_str(&delivery.body).map_err(|why| format!("the form does not fit: {why}"))?;
        let platform = Platform::new(PLATFORM);
        let actor = Actor { platform: platform.clone(), id: said.person, also: None, name: said.name.into() };
        let place = Place { platform, channel: CHANNEL.into(), thread: said.thread, reply_to: None, pull: None };
        Ok(match (said.value, said.text) {
            (Some(value), input) => vec![Heard::Pressed { actor, place, value, input }],
            (None, Some(text)) => vec![Heard::Words { actor, place, text }],
            (None, None) => Vec::new(),
        })
    }
}
