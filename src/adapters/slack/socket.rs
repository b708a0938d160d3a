//! Socket Mode. slack-morphism acknowledges an envelope after the callback returns, and reads each socket serially: so
//! persist, enqueue, return.

use super::decode::Envelope;
use crate::ports::{Door, Origin, Proof, Raw, Refusal, Verified, Verifier};
use slack_morphism::prelude::*;
use std::sync::Arc;

/// Keeps the sockets open; they close when it is dropped after [`Listener::stop`].
pub struct Listener {
    inner: SlackClientSocketModeListener<SlackClientHyperHttpsConnector>,
}

impl Listener {
    pub async fn stop(&self) {
        self.inner.shutdown().await;
    }
}

/// An envelope of an authenticated socket. Slack's own ids name it, so that a repeated one is the same delivery.
struct Socket {
    id: String,
    kind: &'static str,
}

impl Verifier for Socket {
    fn verify(&self, _: &Raw) -> Result<Proof, Refusal> {
        Ok(Proof { origin: Origin::Socket, id: self.id.clone(), kind: self.kind.into() })
    }
}

type Done = UserCallbackResult<()>;

async fn keep(door: &dyn Door, id: String, kind: &'static str, envelope: &Envelope) -> Done {
    let raw = Raw { source: "slack", headers: crate::ports::Headers::default(), body: serde_json::to_vec(envelope)? };
    let verified = Verified::by(&Socket { id, kind }, raw).map_err(|why| why.to_string())?;
    // Not kept means not acknowledged: Slack tells the person, or sends it again.
    door.accept(verified).await.map_err(|why| why.to_string())?;
    Ok(())
}

/// Opens the sockets in the background; a Slack that is down is tried again for ever.
///
/// # Errors
/// The token is not usable.
pub async fn listen(api_url: &str, app_token: &str, door: Arc<dyn Door>) -> Result<Listener, String> {
    let client = Arc::new(super::client(api_url)?);
    let mut callbacks = SlackSocketModeListenerCallbacks::new();
    let at = Arc::clone(&door);
    callbacks.command_callback =
        Box::new(move |event: SlackCommandEvent, _: Arc<SlackHyperClient>, _: SlackClientEventsUserState| {
            let door = Arc::clone(&at);
            async move {
                let id = event.trigger_id.to_string();
                let envelope = Envelope::Command {
                    team: event.team_id.to_string(),
                    channel: event.channel_id.to_string(),
                    user: event.user_id.to_string(),
                    text: event.text.unwrap_or_default(),
                    response_url: event.response_url.0.to_string(),
                };
                keep(&*door, id, "command", &envelope).await?;
                Ok(SlackCommandEventResponse::new(SlackMessageContent::new()))
            }
        });
    let at = Arc::clone(&door);
    callbacks.interaction_callback =
        Box::new(move |event: SlackInteractionEvent, _: Arc<SlackHyperClient>, _: SlackClientEventsUserState| {
            let door = Arc::clone(&at);
            async move {
                if let SlackInteractionEvent::BlockActions(event) = event {
                    actions(&*door, event).await?;
                }
                Ok(SlackInteractionResponse::Empty)
            }
        });
    let at = Arc::clone(&door);
    callbacks.push_events_callback =
        Box::new(move |event: SlackPushEventCallback, _: Arc<SlackHyperClient>, _: SlackClientEventsUserState| {
            let door = Arc::clone(&at);
            async move { mention(&*door, event).await }
        });
    let environment = Arc::new(SlackClientEventsListenerEnvironment::new(client).with_error_handler(on_error));
    let config = SlackClientSocketModeConfig::new()
        .with_initial_backoff_in_seconds(1)
        .with_reconnect_timeout_in_seconds(5)
        .with_max_connections_count(2);
    let inner = SlackClientSocketModeListener::new(&config, environment, callbacks);
    let token = SlackApiToken::new(app_token.into());
    inner.listen_for(&token).await.map_err(|why| why.to_string())?;
    inner.start().await;
    Ok(Listener { inner })
}

async fn actions(door: &dyn Door, event: SlackInteractionBlockActionsEvent) -> Done {
    let channel = event.channel.as_ref().map(|channel| channel.id.to_string()).unwrap_or_default();
    let Some(user) = &event.user else { return Ok(()) };
    let thread = event.message.as_ref().map(|message| {
        let origin = &message.origin;
        origin.thread_ts.as_ref().unwrap_or(&origin.ts).to_string()
    });
    for (at, action) in event.actions.iter().flatten().enumerate() {
        let chosen = action.selected_option.as_ref().map(|option| option.value.clone());
        let Some(value) = action.value.clone().or(chosen) else { continue };
        let envelope = Envelope::Action {
            team: user.team_id.clone().unwrap_or_else(|| event.team.id.clone()).to_string(),
            channel: channel.clone(),
            user: user.id.to_string(),
            name: user.name.clone().or_else(|| user.username.clone()).unwrap_or_else(|| user.id.to_string()),
            value,
            thread: thread.clone(),
            response_url: event.response_url.as_ref().map(|url| url.0.to_string()),
        };
        keep(door, format!("{}-{at}", event.trigger_id), "action", &envelope).await?;
    }
    Ok(())
}

async fn mention(door: &dyn Door, event: SlackPushEventCallback) -> Done {
    let SlackEventCallbackBody::AppMention(mention) = event.event else { return Ok(()) };
    let origin = &mention.origin;
    let envelope = Envelope::Mention {
        team: event.team_id.to_string(),
        channel: mention.channel.to_string(),
        user: mention.user.to_string(),
        text: mention.content.text.unwrap_or_default(),
        thread: origin.thread_ts.as_ref().unwrap_or(&origin.ts).to_string(),
    };
    keep(door, event.event_id.to_string(), "mention", &envelope).await
}

/// What cannot be read is acknowledged, or Slack would send it for ever; what could not be kept is not.
#[allow(clippy::needless_pass_by_value, reason = "the library's signature")]
fn on_error(
    why: Box<dyn std::error::Error + Send + Sync>,
    _: Arc<SlackHyperClient>,
    _: SlackClientEventsUserState,
) -> HttpStatusCode {
    let words = crate::domain::text::clean_line(&why.to_string(), 200);
    tracing::warn!(why = %words, "Slack's socket");
    if words.contains("the store failed") { HttpStatusCode::SERVICE_UNAVAILABLE } else { HttpStatusCode::OK }
}
