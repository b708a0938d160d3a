//! What Slack tells, by socket or over HTTP, into the inbox: persist, enqueue, return. Slack gives three seconds.

use super::chat::Slack;
use super::decode::Envelope;
use super::views;
use crate::ports::{Accepted, Door, DoorError, Headers, Origin, Proof, Raw, Refusal, Verified, Verifier};
use slack_morphism::prelude::*;
use std::sync::Arc;

/// Takes in what has proven its origin.
#[derive(Clone)]
pub struct Intake {
    pub door: Arc<dyn Door>,
    pub slack: Arc<Slack>,
    pub origin: Origin,
}

/// Slack's own ids name a delivery, so that a repeated one is the same.
struct Known {
    origin: Origin,
    id: String,
    kind: &'static str,
}

impl Verifier for Known {
    fn verify(&self, _: &Raw) -> Result<Proof, Refusal> {
        Ok(Proof { origin: self.origin, id: self.id.clone(), kind: self.kind.into() })
    }
}

impl Intake {
    /// # Errors
    /// It could not be kept: Slack must not be told that it was.
    pub async fn keep(&self, id: String, kind: &'static str, envelope: &Envelope) -> Result<Accepted, DoorError> {
        let body = serde_json::to_vec(envelope).map_err(|why| DoorError(why.to_string()))?;
        let raw = Raw { source: "slack", headers: Headers::default(), body };
        let verified = Verified::by(&Known { origin: self.origin, id, kind }, raw);
        self.door.accept(verified.map_err(|why| DoorError(why.to_string()))?).await
    }

    /// A click, or a form that was sent.
    ///
    /// # Errors
    /// See [`Intake::keep`].
    pub async fn interaction(&self, event: SlackInteractionEvent) -> Result<(), DoorError> {
        match event {
            SlackInteractionEvent::BlockActions(event) => self.actions(event).await,
            SlackInteractionEvent::ViewSubmission(event) => self.submitted(event).await,
            _ => Ok(()),
        }
    }

    async fn actions(&self, event: SlackInteractionBlockActionsEvent) -> Result<(), DoorError> {
        let channel = event.channel.as_ref().map(|channel| channel.id.to_string()).unwrap_or_default();
        let Some(user) = &event.user else { return Ok(()) };
        let thread = event.message.as_ref().map(|message| {
            let origin = &message.origin;
            origin.thread_ts.as_ref().unwrap_or(&origin.ts).to_string()
        });
        for (at, action) in event.actions.iter().flatten().enumerate() {
            let chosen = action.selected_option.as_ref().map(|option| option.value.clone());
            let Some(value) = action.value.clone().or(chosen) else { continue };
            if let Some(value) = views::asking(&value) {
                self.ask(
                    &event.trigger_id,
                    views::Context { value: value.into(), channel: channel.clone(), thread: thread.clone() },
                )
                .await;
                continue;
            }
            let envelope = Envelope::Action {
                team: user.team_id.clone().unwrap_or_else(|| event.team.id.clone()).to_string(),
                channel: channel.clone(),
                user: user.id.to_string(),
                name: name(user),
                value,
                thread: thread.clone(),
                response_url: event.response_url.as_ref().map(|url| self.slack.seal(url.0.as_str())),
                input: None,
            };
            self.keep(format!("{}-{at}", event.trigger_id), "action", &envelope).await?;
        }
        Ok(())
    }

    /// Nothing is lost where the form cannot be shown: the person clicks again.
    async fn ask(&self, trigger: &SlackTriggerId, context: views::Context) {
        if let Err(why) = self.slack.open_form(trigger, &context).await {
            tracing::warn!(%why, "could not show a form");
        }
    }

    async fn submitted(&self, event: SlackInteractionViewSubmissionEvent) -> Result<(), DoorError> {
        let Some((context, input)) = views::submitted(&event.view) else { return Ok(()) };
        let user = &event.user;
        let envelope = Envelope::Action {
            team: user.team_id.clone().unwrap_or_else(|| event.team.id.clone()).to_string(),
            channel: context.channel,
            user: user.id.to_string(),
            name: name(user),
            value: context.value,
            thread: context.thread,
            response_url: None,
            input: Some(input),
        };
        // A form is sent once.
        self.keep(format!("view-{}", event.view.state_params.id), "form", &envelope).await.map(|_| ())
    }

    /// A mention of us, or a look at our home tab.
    ///
    /// # Errors
    /// See [`Intake::keep`].
    pub async fn event(&self, event: SlackPushEventCallback) -> Result<(), DoorError> {
        let team = event.team_id.to_string();
        let envelope = match event.event {
            SlackEventCallbackBody::AppMention(mention) => Envelope::Mention {
                team,
                channel: mention.channel.to_string(),
                user: mention.user.to_string(),
                thread: mention.origin.thread_ts.as_ref().unwrap_or(&mention.origin.ts).to_string(),
                text: mention.content.text.unwrap_or_default(),
            },
            SlackEventCallbackBody::AppHomeOpened(opened) if opened.tab.as_deref() != Some("messages") => {
                Envelope::Home { team, channel: opened.channel.to_string(), user: opened.user.to_string() }
            }
            _ => return Ok(()),
        };
        self.keep(event.event_id.to_string(), "event", &envelope).await.map(|_| ())
    }
}

fn name(user: &SlackBasicUserInfo) -> String {
    user.name.clone().or_else(|| user.username.clone()).unwrap_or_else(|| user.id.to_string())
}
