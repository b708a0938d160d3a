//! What came in, in our own small shape, to what it means.

use super::PLATFORM;
use crate::domain::access::Asked;
use crate::domain::actor::{Actor, Place, Platform};
use crate::domain::form::Fields;
use crate::domain::ids::Digest;
use crate::domain::page::{Linked, Posted};
use crate::domain::pointer::Pointer;
use crate::ports::{Decoder, Delivery, Heard};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, OnceLock};

/// What is kept of a delivery.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Envelope {
    Command {
        team: String,
        #[serde(default)]
        also: Option<String>,
        channel: String,
        user: String,
        text: String,
        response_url: String,
    },
    Action {
        team: String,
        #[serde(default)]
        also: Option<String>,
        channel: String,
        user: String,
        name: String,
        value: String,
        thread: Option<String>,
        response_url: Option<String>,
        #[serde(default)]
        input: Option<String>,
        #[serde(default)]
        fields: Fields,
    },
    Home {
        team: String,
        #[serde(default)]
        also: Option<String>,
        channel: String,
        user: String,
    },
    Links {
        team: String,
        #[serde(default)]
        also: Option<String>,
        user: String,
        at: Posted,
        links: Vec<Linked>,
    },
    Rescue {
        team: String,
        #[serde(default)]
        also: Option<String>,
        channel: String,
        user: String,
        thread: Option<String>,
        window: String,
        to: Option<Pointer>,
        open: bool,
    },
    Mention {
        team: String,
        #[serde(default)]
        also: Option<String>,
        channel: String,
        user: String,
        text: String,
        thread: String,
    },
}

impl Envelope {
    /// What is the same when the person presses again.
    #[must_use]
    pub fn press(&self) -> Option<Digest> {
        let Self::Action { team, channel, user, value, input: None, fields, .. } = self else { return None };
        let parts = [team, channel, user, value];
        fields.is_empty().then(|| Digest::of(parts.map(String::as_bytes)))
    }
}

/// Decodes what was kept. `team` is ours, once Slack has told it.
pub struct EnvelopeDecoder {
    pub team: Arc<OnceLock<String>>,
}

/// Somebody at a button or a form.
pub struct Acts<'a> {
    pub team: &'a str,
    pub also: Option<String>,
    pub user: &'a str,
    pub channel: &'a str,
    pub thread: Option<String>,
}

impl Decoder for EnvelopeDecoder {
    fn source(&self) -> &'static str {
        "slack"
    }

    fn decode(&self, delivery: &Delivery) -> Result<Vec<Heard>, String> {
        let envelope: Envelope =
            serde_json::from_str(&delivery.body).map_err(|why| format!("the envelope does not fit: {why}"))?;
        Ok(vec![match envelope {
            Envelope::Command { team, also, channel, user, text, response_url } => Heard::Words {
                actor: self.actor(&team, also, &user, &user),
                place: place(channel, None, Some(response_url)),
                text: unescape(&text),
            },
            Envelope::Action { team, also, channel, user, name, value, thread, response_url, input, fields } => {
                Heard::Pressed {
                    actor: self.actor(&team, also, &user, &name),
                    place: place(channel, thread, response_url),
                    value,
                    input,
                    fields,
                }
            }
            Envelope::Home { team, also, channel, user } => {
                Heard::Visited { actor: self.actor(&team, also, &user, &user), place: place(channel, None, None) }
            }
            Envelope::Links { team, also, user, at, links } => {
                let place = place(at.channel.clone(), Some(at.message.clone()), None);
                Heard::Asked(Box::new(Asked::Links { actor: self.actor(&team, also, &user, &user), place, at, links }))
            }
            Envelope::Rescue { team, also, channel, user, thread, window, to, open } => {
                let (actor, place) = (self.actor(&team, also, &user, &user), place(channel, thread, None));
                Heard::Asked(Box::new(Asked::Rescue { actor, place, window, to, open }))
            }
            Envelope::Mention { team, also, channel, user, text, thread } => Heard::Words {
                actor: self.actor(&team, also, &user, &user),
                place: place(channel, Some(thread), None),
                text: unescape(without_mention(&text)),
            },
        }])
    }
}

impl EnvelopeDecoder {
    /// Who acts, and where: what a form is shown and checked for.
    pub fn who(&self, acts: &Acts<'_>) -> (Actor, Place) {
        let actor = self.actor(acts.team, acts.also.clone(), acts.user, acts.user);
        (actor, place(acts.channel.to_owned(), acts.thread.clone(), None))
    }

    /// User ids are unique per workspace only. Someone from another workspace, or from any while ours is not known yet,
    /// gets an id that matches no person in the configuration.
    fn actor(&self, team: &str, also: Option<String>, user: &str, name: &str) -> Actor {
        let ours = self.team.get().is_some_and(|ours| ours == team);
        let id = if ours { user.to_owned() } else { format!("{team}/{user}") };
        Actor { platform: Platform::new(PLATFORM), id, also, name: name.into(), groups: Vec::new() }
    }
}

fn place(channel: String, thread: Option<String>, reply_to: Option<String>) -> Place {
    Place { platform: Platform::new(PLATFORM), channel, thread, reply_to, pull: None }
}

/// The words after `<@U123>`.
fn without_mention(text: &str) -> &str {
    let text = text.trim_start();
    match text.strip_prefix("<@").and_then(|rest| rest.split_once('>')) {
        Some((_, rest)) => rest.trim_start(),
        None => text,
    }
}

/// Slack escapes three characters in what people type.
fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}
