//! What Slack tells, by socket or over HTTP, into the inbox: persist, enqueue, return. Slack gives three seconds.

use super::PLATFORM;
use super::chat::Slack;
use super::decode::{Acts, Envelope, EnvelopeDecoder};
use super::links::Shared;
use super::rooms::RoomEvent;
use super::speaker::{Speaker, Told};
use super::suggest::{self, Suggestion};
use super::views::{self, Asking, Opening};
use crate::card::{Asks, escape};
use crate::domain::actor::Platform;
use crate::domain::form::{Fields, Typed};
use crate::domain::ids::Digest;
use crate::domain::journal::Mood;
use crate::domain::pointer::Sites;
use crate::ports::{Accepted, Ask, Chat, Door, DoorError, Headers, Origin, Proof, Raw, Refusal, Verified, Verifier};
use serde::Deserialize;
use serde_json::Value;
use slack_morphism::prelude::*;
use std::sync::Arc;

/// Takes in what has proven its origin.
#[derive(Clone)]
pub struct Intake {
    pub door: Arc<dyn Door>,
    pub ask: Arc<dyn Ask>,
    pub slack: Arc<Slack>,
    pub origin: Origin,
    /// Where links lead that we know.
    pub sites: Arc<Sites>,
}

/// Slack's own ids name a delivery, so that a repeated one is the same.
struct Known {
    origin: Origin,
    id: String,
    kind: &'static str,
    press: Option<Digest>,
}

impl Verifier for Known {
    fn verify(&self, _: &Raw) -> Result<Proof, Refusal> {
        Ok(Proof { origin: self.origin, id: self.id.clone(), kind: self.kind.into(), press: self.press.clone() })
    }
}

impl Intake {
    /// # Errors
    /// It could not be kept: Slack must not be told that it was.
    pub async fn keep(&self, id: String, kind: &'static str, envelope: &Envelope) -> Result<Accepted, DoorError> {
        let body = serde_json::to_vec(envelope).map_err(|why| DoorError(why.to_string()))?;
        let raw = Raw { source: "slack", headers: Headers::default(), body };
        let verified = Verified::by(&Known { origin: self.origin, id, kind, press: envelope.press() }, raw);
        self.door.accept(verified.map_err(|why| DoorError(why.to_string()))?).await
    }

    /// A click, or a form that was sent, and what Slack is told of it. What cannot be read is not for us.
    ///
    /// # Errors
    /// See [`Intake::keep`].
    pub async fn interaction(&self, payload: Value) -> Result<Option<Value>, DoorError> {
        let enterprise = payload.pointer("/enterprise/id").and_then(Value::as_str).map(str::to_owned);
        match payload.get("type").and_then(Value::as_str) {
            Some("message_action") => return self.shortcut(payload).await.map(|()| None),
            Some("block_suggestion") => return Ok(self.suggested(payload, enterprise.as_deref()).await),
            _ => {}
        }
        match serde_json::from_value(payload) {
            Ok(SlackInteractionEvent::BlockActions(event)) => {
                self.actions(event, enterprise.as_deref()).await.map(|()| None)
            }
            Ok(SlackInteractionEvent::ViewSubmission(event)) => self.submitted(event, enterprise.as_deref()).await,
            _ => Ok(None),
        }
    }

    /// A slash command, by its form's fields.
    ///
    /// # Errors
    /// See [`Intake::keep`].
    pub async fn command(&self, command: Command) -> Result<(), DoorError> {
        let told = Told {
            user: &command.user_id,
            team: &command.team_id,
            enterprise: command.enterprise_id.as_deref(),
            ..Told::default()
        };
        let Speaker { team, also } = self.slack.speaker(&told).await;
        let Command { channel_id: channel, user_id: user, text, response_url, trigger_id, .. } = command;
        let text = text.unwrap_or_default();
        let response_url = response_url.map(|url| self.slack.seal(&url)).unwrap_or_default();
        let envelope = Envelope::Command { team, also, channel, user, text, response_url };
        self.keep(trigger_id, "command", &envelope).await.map(|_| ())
    }

    async fn presser(&self, user: &SlackBasicUserInfo, team: &str, enterprise: Option<&str>) -> Speaker {
        let own_team = user.team_id.as_ref().map(|team| team.0.as_str());
        self.slack.speaker(&Told { user: &user.id.0, team, own_team, shared: false, enterprise }).await
    }

    async fn actions(
        &self,
        event: SlackInteractionBlockActionsEvent,
        enterprise: Option<&str>,
    ) -> Result<(), DoorError> {
        let channel = event.channel.as_ref().map(|channel| channel.id.to_string()).unwrap_or_default();
        let Some(user) = &event.user else { return Ok(()) };
        let Speaker { team, also } = self.presser(user, &event.team.id.0, enterprise).await;
        let thread = event.message.as_ref().map(|message| {
            let origin = &message.origin;
            origin.thread_ts.as_ref().unwrap_or(&origin.ts).to_string()
        });
        for (at, action) in event.actions.iter().flatten().enumerate() {
            let chosen = action.selected_option.as_ref().map(|option| option.value.clone());
            let Some(value) = action.value.clone().or(chosen) else { continue };
            if let Some((asks, value)) = Asks::of(&value) {
                let acts = Acts {
                    team: &team,
                    also: also.clone(),
                    user: &user.id.0,
                    channel: &channel,
                    thread: thread.clone(),
                };
                self.ask(&event.trigger_id, asks, value, &acts).await;
                continue;
            }
            let envelope = Envelope::Action {
                team: team.clone(),
                also: also.clone(),
                channel: channel.clone(),
                user: user.id.to_string(),
                name: name(user),
                value,
                thread: thread.clone(),
                response_url: event.response_url.as_ref().map(|url| self.slack.seal(url.0.as_str())),
                input: None,
                fields: Fields::new(),
            };
            self.keep(format!("{}-{at}", event.trigger_id), "action", &envelope).await?;
        }
        Ok(())
    }

    /// Nothing is lost where the form cannot be shown: the person clicks again.
    async fn ask(&self, trigger: &SlackTriggerId, asks: Asks, value: &str, acts: &Acts<'_>) {
        let (actor, place) = self.decoder().who(acts);
        let asking = match asks {
            Asks::Reason => Ok(Asking::Reason),
            Asks::Cause => Ok(Asking::Cause),
            Asks::Form => self.ask.form(&actor, &place, value).await.map(|(verb, form)| Asking::Form(verb, form)),
        };
        let asking = match asking {
            Ok(asking) => asking,
            Err(why) => {
                let told = self.slack.whisper(&place, &actor.id, &escape("slack", &why), Mood::Refused).await;
                return told.unwrap_or_else(|why| tracing::warn!(%why, "could not tell why there is no form"));
            }
        };
        let fields = match &asking {
            Asking::Form(_, form) => form.fields.iter().map(|field| field.name.clone()).collect(),
            Asking::Reason | Asking::Cause => Vec::new(),
        };
        let (channel, thread) = (acts.channel.to_owned(), acts.thread.clone());
        let context = views::Context { value: value.to_owned(), channel, thread, fields };
        if let Err(why) = self.slack.open_form(trigger, &asking, &context).await {
            tracing::warn!(%why, "could not show a form");
        }
    }

    /// What is offered for a field of an open form. Nothing is kept: Slack asks at every pause in typing.
    async fn suggested(&self, payload: Value, enterprise: Option<&str>) -> Option<Value> {
        let Suggestion { user, team, action_id: field, value: text, view } = serde_json::from_value(payload).ok()?;
        let context = views::remembered(&view.private_metadata)?;
        let Speaker { team, also } = self.presser(&user, &team.id.0, enterprise).await;
        let (channel, thread) = (context.channel.as_str(), context.thread.clone());
        let (actor, place) = self.decoder().who(&Acts { team: &team, also, user: &user.id.0, channel, thread });
        let typed = Typed { value: &context.value, field: &field, text: &text };
        let found = self.ask.offer(&actor, &place, &typed).await;
        Some(suggest::entries(&text, found))
    }

    fn decoder(&self) -> EnvelopeDecoder {
        EnvelopeDecoder { team: self.slack.team() }
    }

    async fn submitted(
        &self,
        event: SlackInteractionViewSubmissionEvent,
        enterprise: Option<&str>,
    ) -> Result<Option<Value>, DoorError> {
        if let Some(opening) = views::opened(&event.view) {
            return self.opened(&event, opening, enterprise).await.map(Some);
        }
        let Some((context, input)) = views::submitted(&event.view) else { return Ok(None) };
        let user = &event.user;
        let Speaker { team, also } = self.presser(user, &event.team.id.0, enterprise).await;
        let fields = if context.fields.is_empty() { Fields::new() } else { views::fields(&event.view) };
        if !context.fields.is_empty() {
            let (channel, thread) = (context.channel.as_str(), context.thread.clone());
            let acts = Acts { team: &team, also: also.clone(), user: &user.id.0, channel, thread };
            let (actor, place) = self.decoder().who(&acts);
            if let Err(misfit) = self.ask.fits(&actor, &place, &context.value, &fields).await {
                return Ok(Some(views::wrong(&context, &misfit)));
            }
        }
        let envelope = Envelope::Action {
            team,
            also,
            channel: context.channel,
            user: user.id.to_string(),
            name: name(user),
            value: context.value,
            thread: context.thread,
            response_url: None,
            input: Some(input).filter(|_| fields.is_empty()),
            fields,
        };
        // A form is sent once.
        self.keep(format!("view-{}", event.view.state_params.id), "form", &envelope).await.map(|_| None)
    }

    /// "Open incident" in the shortcut's window.
    async fn opened(
        &self,
        event: &SlackInteractionViewSubmissionEvent,
        opening: Opening,
        enterprise: Option<&str>,
    ) -> Result<Value, DoorError> {
        let Speaker { team, also } = self.presser(&event.user, &event.team.id.0, enterprise).await;
        let window = event.view.state_params.id.to_string();
        let Opening { to, channel, thread } = opening;
        let (user, id) = (event.user.id.to_string(), format!("opens-{window}"));
        let envelope = Envelope::Rescue { team, also, channel, user, thread, window, to: Some(to), open: true };
        self.keep(id, "form", &envelope).await?;
        Ok(views::instead(&views::opening()))
    }

    /// A mention of us, posted links, or a look at our home tab. What cannot be read is not for us.
    ///
    /// # Errors
    /// See [`Intake::keep`].
    pub async fn event(&self, payload: Value) -> Result<(), DoorError> {
        let Ok(Callback { team_id, enterprise_id, event_id, is_ext_shared_channel, event }) =
            serde_json::from_value(payload)
        else {
            return Ok(());
        };
        let enterprise = enterprise_id.as_deref();
        let envelope = match event {
            // An edited message never acts, and programs have no commands.
            Inner::AppMention(mention) if mention.edited.is_none() && mention.bot_id.is_none() => {
                let own_team = mention.user_team.as_deref().or(mention.team.as_deref());
                let shared = is_ext_shared_channel.unwrap_or(false);
                let told = Told { user: &mention.user, team: &team_id, own_team, shared, enterprise };
                let Speaker { team, also } = self.slack.speaker(&told).await;
                Envelope::Mention {
                    team,
                    also,
                    channel: mention.channel,
                    user: mention.user,
                    thread: mention.thread_ts.unwrap_or(mention.ts),
                    text: mention.text.unwrap_or_default(),
                }
            }
            Inner::AppHomeOpened(opened) if opened.tab.as_deref() != Some("messages") => {
                let told = Told { user: &opened.user, team: &team_id, enterprise, ..Told::default() };
                let Speaker { team, also } = self.slack.speaker(&told).await;
                self.slack.saw_home(&opened.user, opened.view.map(|view| view.hash));
                Envelope::Home { team, also, channel: opened.channel, user: opened.user }
            }
            Inner::LinkShared(links) => {
                let user = links.user.clone();
                let shared = is_ext_shared_channel.unwrap_or(false);
                let told = Told { user: &user, team: &team_id, own_team: None, shared, enterprise };
                match self.shared(links, &told).await {
                    Some(envelope) => envelope,
                    None => return Ok(()),
                }
            }
            Inner::Room(room) => return self.room(&team_id, room).await,
            _ => return Ok(()),
        };
        self.keep(event_id, "event", &envelope).await.map(|_| ())
    }

    /// What became of a channel, or of our place in it.
    async fn room(&self, team: &str, room: RoomEvent) -> Result<(), DoorError> {
        let ours = self.slack.team();
        if ours.get().is_some_and(|ours| ours != team) {
            return Ok(());
        }
        match room.news(&|user| self.slack.is_me(user)) {
            Some(news) => self.door.rooms(&Platform::new(PLATFORM), news).await,
            None => Ok(()),
        }
    }
}

/// A slash command's fields.
#[derive(Debug, Deserialize)]
pub struct Command {
    team_id: String,
    enterprise_id: Option<String>,
    channel_id: String,
    user_id: String,
    text: Option<String>,
    response_url: Option<String>,
    trigger_id: String,
}

/// An event. The library's own type leaves out whose account the speaker's is.
#[derive(Debug, Deserialize)]
struct Callback {
    team_id: String,
    enterprise_id: Option<String>,
    event_id: String,
    is_ext_shared_channel: Option<bool>,
    event: Inner,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Inner {
    AppMention(Mention),
    AppHomeOpened(Opened),
    LinkShared(Shared),
    #[serde(untagged)]
    Room(RoomEvent),
    #[serde(untagged)]
    Other(serde::de::IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct Mention {
    user: String,
    team: Option<String>,
    user_team: Option<String>,
    bot_id: Option<String>,
    edited: Option<serde::de::IgnoredAny>,
    channel: String,
    ts: String,
    thread_ts: Option<String>,
    text: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Opened {
    user: String,
    channel: String,
    tab: Option<String>,
    /// The tab as it is, once it was shown.
    view: Option<Shown>,
}

#[derive(Debug, Deserialize)]
struct Shown {
    hash: String,
}

fn name(user: &SlackBasicUserInfo) -> String {
    user.name.clone().or_else(|| user.username.clone()).unwrap_or_else(|| user.id.to_string())
}
