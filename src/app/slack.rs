//! Slack, wired.

use super::live::kept;
use super::platform::{Base, Platform, Wired, pause, state};
use crate::adapters::console::Preview;
use crate::adapters::slack::{self, EnvelopeDecoder, Slack};
use crate::config::Config;
use crate::domain::pointer::Sites;
use crate::engine::Engine;
use crate::ports::{Chat, Clock, Decoder, Endpoint, Integration, Origin, Renewable, Store, Turn};
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use std::sync::{Arc, OnceLock};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Which workspace is ours, as Slack told it.
const TEAM: &str = "slack_team";
/// Our own account there: events name it also when Slack refuses our token.
const ACCOUNT: &str = "slack_account";

pub struct SlackPlatform;

struct WiredSlack {
    slack: Arc<Slack>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    socket: Option<(String, SecretString, Arc<Integration>)>,
    signing_secret: Option<Renewable<SecretString>>,
    sites: Arc<Sites>,
}

#[async_trait]
impl Platform for SlackPlatform {
    fn states(&self, config: &Config) -> Vec<(String, String)> {
        let slack = &config.slack;
        let socket = slack.app_token.is_some() && slack.transport == "socket";
        let signed = slack.signing_secret.is_some() && slack.transport == "http";
        let both = "set slack.bot_token with slack.app_token (socket) or slack.signing_secret (http)";
        vec![
            state("slack cards", slack.bot_token.is_some(), "set slack.bot_token"),
            state("slack commands", slack.bot_token.is_some() && (socket || signed), both),
        ]
    }

    fn preview(&self) -> Preview {
        Preview { platform: slack::PLATFORM, name: "Slack", message: slack::message }
    }

    async fn wire(&self, base: &Base<'_>) -> Result<Option<Arc<dyn Wired>>, String> {
        let config = &base.config.slack;
        if config.bot_token.is_none() {
            return Ok(None);
        }
        let bot_token = base.live.part(base.config, &["slack.bot_token"], |config| {
            kept("slack.bot_token", config.slack.bot_token.as_ref())
        })?;
        let slack = Slack::new(&slack::Settings { api_url: config.api_url.clone(), bot_token })?;
        let socket = config.app_token.clone().filter(|_| config.transport == "socket");
        let signed = config.signing_secret.is_some() && config.transport == "http";
        let signing_secret = signed.then(|| {
            base.live.part(base.config, &["slack.signing_secret"], |config| {
                kept("slack.signing_secret", config.slack.signing_secret.as_ref())
            })
        });
        let signing_secret = signing_secret.transpose()?;
        let slack = slack.hearing(socket.is_some() || signing_secret.is_some());
        let slack = Arc::new(slack.watched(base.health.integration("slack", "Slack")));
        // Clicks accepted before a restart are ours to answer before Slack is asked again.
        for (key, place) in [(TEAM, &*slack.team()), (ACCOUNT, slack.account_id())] {
            let known = base.store.setting(key).await.map_err(|why| why.to_string())?;
            known.and_then(|known| known.as_str().map(str::to_owned)).map(|known| place.set(known));
        }
        let watched = || base.health.integration("slack_socket", "Slack Socket Mode");
        Ok(Some(Arc::new(WiredSlack {
            slack,
            store: base.store.clone(),
            clock: base.clock.clone(),
            socket: socket.map(|token| (config.api_url.clone(), token, watched())),
            signing_secret,
            sites: Arc::new(super::sites(base.config)),
        })))
    }
}

impl WiredSlack {
    fn intake(&self, engine: &Arc<Engine>, origin: Origin) -> slack::Intake {
        let (slack, sites) = (self.slack.clone(), self.sites.clone());
        slack::Intake { door: engine.clone(), ask: engine.clone(), slack, origin, sites }
    }
}

#[async_trait]
impl Wired for WiredSlack {
    fn chat(&self) -> Arc<dyn Chat> {
        self.slack.clone()
    }

    fn decoder(&self) -> Arc<dyn Decoder> {
        Arc::new(EnvelopeDecoder { team: self.slack.team() })
    }

    fn endpoints(&self, engine: &Arc<Engine>) -> Result<Vec<Arc<dyn Endpoint>>, String> {
        let Some(secret) = self.signing_secret.clone() else { return Ok(Vec::new()) };
        let signature = Arc::new(slack::Signature { secret, clock: self.clock.clone() });
        let intake = self.intake(engine, Origin::Signed);
        let address = |kind| -> Arc<dyn Endpoint> {
            Arc::new(slack::Address { kind, signature: signature.clone(), intake: intake.clone() })
        };
        Ok([slack::Kind::Events, slack::Kind::Commands, slack::Kind::Interactions].map(address).into())
    }

    async fn listen(&self, engine: &Arc<Engine>, tasks: &TaskTracker, stop: &CancellationToken) -> Result<(), String> {
        let (own, store, ends) = (self.slack.clone(), self.store.clone(), stop.clone());
        tasks.spawn(async move { learn_workspace(&own, &*store, &ends).await });
        let Some((api_url, token, health)) = &self.socket else { return Ok(()) };
        let intake = self.intake(engine, Origin::Socket);
        let sockets = slack::listen(api_url, token.expose_secret(), intake, health.clone(), (tasks, stop)).await?;
        let ends = stop.clone();
        tasks.spawn(async move {
            ends.cancelled().await;
            sockets.stop().await;
        });
        Ok(())
    }

    fn is_known(&self) -> bool {
        self.slack.team().get().is_some()
    }
}

async fn learn_workspace(slack: &Slack, store: &dyn Store, stop: &CancellationToken) {
    loop {
        match slack.whoami().await {
            Ok(who) => {
                tracing::info!("connected to Slack as {who}");
                let kept = |known: &OnceLock<String>| known.get().map(|known| known.as_str().into());
                let settings =
                    vec![(TEAM.to_owned(), kept(&slack.team())), (ACCOUNT.to_owned(), kept(slack.account_id()))];
                if let Err(why) = store.commit(Turn { settings, ..Turn::default() }).await {
                    tracing::warn!(%why, "could not store the Slack workspace");
                }
                return;
            }
            Err(why) => tracing::debug!(%why, "Slack does not answer yet"),
        }
        if pause(stop).await {
            return;
        }
    }
}
