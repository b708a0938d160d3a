//! Socket Mode. slack-morphism acknowledges an envelope after the callback returns, and reads each socket serially: so
//! persist, enqueue, return.

use super::intake::Intake;
use super::watched::Watched;
use crate::domain::text::clean_line;
use crate::ports::{DoorError, Integration};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use slack_morphism::prelude::*;
use slack_morphism::socket_mode::clients_manager::{
    SlackSocketModeClientsManager, SlackSocketModeClientsManagerFactory,
};
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

type Client = SlackClient<SlackClientHyperConnector<Watched>>;

/// A socket opens within this, or something is wrong.
const OPEN_TIME: Duration = Duration::from_secs(30);

/// Keeps the sockets open until [`Listener::stop`].
pub struct Listener {
    manager: Arc<Manager>,
}

type Manager = dyn SlackSocketModeClientsManager + Send + Sync;

impl Listener {
    pub async fn stop(&self) {
        self.manager.shutdown().await;
    }
}

/// Opens the sockets in the background; while Slack is down, keeps trying.
///
/// # Errors
/// The token is not usable.
pub async fn listen(
    api_url: &str,
    app_token: &str,
    intake: Intake,
    health: Arc<Integration>,
    (tasks, stop): (&TaskTracker, &CancellationToken),
) -> Result<Listener, String> {
    let client: Arc<Client> = Arc::new(super::over(api_url, Watched::new(super::https()?, health.clone())));
    let (at_first, waiting) = (stop.clone(), health.clone());
    tasks.spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(OPEN_TIME) => {
                if waiting.look().up.is_none() {
                    waiting.down("no connection was opened: check slack.app_token");
                }
            }
            () = at_first.cancelled() => {}
        }
    });
    let environment = Arc::new(SlackClientEventsListenerEnvironment::new(client.clone()).with_error_handler(on_error));
    let config = SlackClientSocketModeConfig::new()
        .with_initial_backoff_in_seconds(1)
        .with_reconnect_timeout_in_seconds(5)
        .with_max_connections_count(2);
    let manager = client.http_api.connector.new_clients_manager(environment);
    let ears = Arc::new(Ears { manager: Arc::downgrade(&manager), intake, health });
    let token = SlackApiToken::new(app_token.into());
    manager.register_new_token(&config, token, ears).await.map_err(|why| why.to_string())?;
    manager.start().await;
    Ok(Listener { manager })
}

/// Reads what the sockets bring as it is: the library's own types leave out whose account a speaker's is.
struct Ears {
    manager: Weak<Manager>,
    intake: Intake,
    health: Arc<Integration>,
}

#[derive(Debug, Deserialize)]
struct Frame {
    #[serde(rename = "type")]
    kind: Option<String>,
    envelope_id: Option<String>,
    #[serde(default)]
    payload: Value,
}

impl Ears {
    /// What the acknowledgement says.
    ///
    /// # Errors
    /// It could not be kept.
    async fn hear(&self, kind: &str, payload: Value) -> Result<Option<Value>, DoorError> {
        match kind {
            "events_api" => self.intake.event(payload).await.map(|()| None),
            "interactive" => self.intake.interaction(payload).await,
            "slash_commands" => match serde_json::from_value(payload) {
                Ok(command) => self.intake.command(command).await.map(|()| None),
                Err(why) => {
                    tracing::debug!(why = %clean_line(&why.to_string(), 200), "could not read a Slack command");
                    Ok(None)
                }
            },
            _ => Ok(None),
        }
    }
}

#[async_trait]
impl SlackSocketModeClientListener for Ears {
    async fn on_message(&self, client: &SlackSocketModeWssClientId, body: String) -> Option<String> {
        let frame: Frame = serde_json::from_str(&body).ok()?;
        match frame.kind.as_deref() {
            // Slack says hello on every socket that opens.
            Some("hello") => self.health.answered(),
            Some("disconnect") => self.manager.upgrade()?.restart_client(client).await,
            kind => {
                let id = frame.envelope_id?;
                // What could not be kept is not acknowledged: Slack tells the person, or sends it again. What cannot be
                // read is, or Slack would send it again and again.
                return match self.hear(kind.unwrap_or_default(), frame.payload).await {
                    Ok(None) => Some(json!({"envelope_id": id}).to_string()),
                    Ok(Some(payload)) => Some(json!({"envelope_id": id, "payload": payload}).to_string()),
                    Err(why) => {
                        tracing::warn!(%why, "could not keep what Slack sent");
                        None
                    }
                };
            }
        }
        None
    }

    async fn on_error(&self, why: Box<dyn std::error::Error + Send + Sync>) {
        tracing::debug!(why = %clean_line(&why.to_string(), 200), "Slack Socket Mode");
    }

    async fn on_disconnect(&self, client: &SlackSocketModeWssClientId) {
        if let Some(manager) = self.manager.upgrade() {
            manager.restart_client(client).await;
        }
    }
}

/// What the library reports of its own connections.
#[allow(clippy::needless_pass_by_value, reason = "the library's signature")]
fn on_error(
    why: Box<dyn std::error::Error + Send + Sync>,
    _: Arc<Client>,
    _: SlackClientEventsUserState,
) -> HttpStatusCode {
    tracing::debug!(why = %clean_line(&why.to_string(), 200), "Slack Socket Mode");
    HttpStatusCode::OK
}
