//! Socket Mode. slack-morphism acknowledges an envelope after the callback returns, and reads each socket serially: so
//! persist, enqueue, return.

use super::decode::Envelope;
use super::intake::Intake;
use super::watched::Watched;
use crate::ports::{DoorError, Integration};
use slack_morphism::prelude::*;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

type Client = SlackClient<SlackClientHyperConnector<Watched>>;

/// A socket opens within this, or something is wrong.
const OPEN_TIME: Duration = Duration::from_secs(30);

/// Keeps the sockets open; they close when it is dropped after [`Listener::stop`].
pub struct Listener {
    inner: SlackClientSocketModeListener<SlackClientHyperConnector<Watched>>,
}

impl Listener {
    pub async fn stop(&self) {
        self.inner.shutdown().await;
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
    let mut callbacks = SlackSocketModeListenerCallbacks::new();
    callbacks.hello_callback = Box::new(opened(health.clone()));
    let at_first = stop.clone();
    tasks.spawn(async move {
        tokio::select! {
            () = tokio::time::sleep(OPEN_TIME) => {
                if health.look().up.is_none() {
                    health.down("no connection was opened: check slack.app_token");
                }
            }
            () = at_first.cancelled() => {}
        }
    });
    let at = intake.clone();
    callbacks.command_callback =
        Box::new(move |event: SlackCommandEvent, _: Arc<Client>, _: SlackClientEventsUserState| {
            let intake = at.clone();
            async move {
                let id = event.trigger_id.to_string();
                let envelope = Envelope::Command {
                    team: event.team_id.to_string(),
                    channel: event.channel_id.to_string(),
                    user: event.user_id.to_string(),
                    text: event.text.unwrap_or_default(),
                    response_url: intake.slack.seal(event.response_url.0.as_str()),
                };
                // Not kept means not acknowledged: Slack tells the person, or sends it again.
                intake.keep(id, "command", &envelope).await?;
                Ok(SlackCommandEventResponse::new(SlackMessageContent::new()))
            }
        });
    let at = intake.clone();
    callbacks.interaction_callback =
        Box::new(move |event: SlackInteractionEvent, _: Arc<Client>, _: SlackClientEventsUserState| {
            let intake = at.clone();
            async move {
                intake.interaction(event).await?;
                Ok(SlackInteractionResponse::Empty)
            }
        });
    callbacks.push_events_callback =
        Box::new(move |event: SlackPushEventCallback, _: Arc<Client>, _: SlackClientEventsUserState| {
            let intake = intake.clone();
            async move { Ok(intake.event(event).await?) }
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

/// Slack says hello on every socket that opens. The library does not export the event's type.
fn opened<E>(health: Arc<Integration>) -> impl Fn(E, Arc<Client>, SlackClientEventsUserState) -> Ready<()> {
    move |_, _, _| {
        health.answered();
        ready(())
    }
}

/// What cannot be read is acknowledged, or Slack would send it again and again; what could not be kept is not.
#[allow(clippy::needless_pass_by_value, reason = "the library's signature")]
fn on_error(
    why: Box<dyn std::error::Error + Send + Sync>,
    _: Arc<Client>,
    _: SlackClientEventsUserState,
) -> HttpStatusCode {
    let words = crate::domain::text::clean_line(&why.to_string(), 200);
    tracing::debug!(why = %words, "Slack Socket Mode");
    acknowledgement(&*why)
}

fn acknowledgement(why: &(dyn std::error::Error + Send + Sync + 'static)) -> HttpStatusCode {
    if why.is::<DoorError>() { HttpStatusCode::SERVICE_UNAVAILABLE } else { HttpStatusCode::OK }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::StoreError;

    #[test]
    fn what_was_not_kept_is_never_acknowledged() {
        for store in [
            StoreError::Broken("the disk is full".into()),
            StoreError::Damaged("run `ci-rescue store restore`".into()),
            StoreError::Conflict("version 2".into()),
        ] {
            let why = DoorError(store.to_string());
            assert_eq!(acknowledgement(&why), HttpStatusCode::SERVICE_UNAVAILABLE, "{store}");
        }
        let unreadable = serde_json::from_str::<u8>("{").unwrap_err();
        assert_eq!(acknowledgement(&unreadable), HttpStatusCode::OK);
    }
}
