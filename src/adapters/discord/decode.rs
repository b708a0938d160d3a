//! What came in, in our own small shape, to what it means.

use super::PLATFORM;
use super::chat::received;
use crate::domain::actor::{Actor, Place, Platform};
use crate::domain::form::Fields;
use crate::domain::ids::Digest;
use crate::ports::{Decoder, Delivery, Heard};
use serde::{Deserialize, Serialize};

/// What is kept of an interaction.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// The server; absent in direct messages, where nobody has a role.
    pub guild: Option<String>,
    pub channel: String,
    pub thread: Option<String>,
    pub user: String,
    pub name: String,
    /// The member's roles in the server.
    #[serde(default)]
    pub roles: Vec<String>,
    /// How to answer: kind, application and key, with spaces between.
    pub reply: String,
    pub what: What,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Words(String),
    Press {
        value: String,
        input: Option<String>,
        #[serde(default)]
        fields: Fields,
    },
}

impl Envelope {
    /// What is the same when the person presses again.
    #[must_use]
    pub fn press(&self) -> Option<Digest> {
        let What::Press { value, input: None, fields } = &self.what else { return None };
        let parts = [self.guild.as_deref().unwrap_or_default(), &self.channel, &self.user, value];
        fields.is_empty().then(|| Digest::of(parts.map(str::as_bytes)))
    }

    /// Who it is from, and where: people of another server than ours, and those who write directly, have ids of their
    /// own.
    #[must_use]
    pub fn who(&self, ours: Option<&str>) -> (Actor, Place) {
        let id = match (ours, self.guild.as_deref()) {
            (None, Some(_)) => self.user.clone(),
            (Some(ours), Some(theirs)) if ours == theirs => self.user.clone(),
            (_, theirs) => format!("{}/{}", theirs.unwrap_or("direct"), self.user),
        };
        let platform = Platform::new(PLATFORM);
        // Roles of another server are nothing here.
        let groups = if id.contains('/') { Vec::new() } else { self.roles.clone() };
        let actor = Actor { platform: platform.clone(), id, also: None, name: self.name.clone().into(), groups };
        let (channel, thread) = (self.channel.clone(), self.thread.clone());
        (actor, Place { platform, channel, thread, reply_to: Some(self.reply.clone()), pull: None })
    }
}

/// Decodes what was kept. People of another server than ours are nobody's namesakes here.
pub struct InteractionDecoder {
    pub guild: Option<String>,
}

impl Decoder for InteractionDecoder {
    fn source(&self) -> &'static str {
        PLATFORM
    }

    fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String> {
        let envelope: Envelope =
            serde_json::from_str(&delivery.body).map_err(|why| format!("the interaction does not fit: {why}"))?;
        let (actor, mut place) = envelope.who(self.guild.as_deref());
        place.reply_to = place.reply_to.map(|kept| received(&kept, delivery.at));
        Ok(vec![match envelope.what {
            What::Words(text) => Heard::Words { actor, place, text },
            What::Press { value, input, fields } => Heard::Pressed { actor, place, value, input, fields },
        }])
    }
}
