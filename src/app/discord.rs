//! Discord, wired.

use super::live::kept;
use super::platform::{Base, Platform, Wired, pause, state};
use crate::adapters::console::Preview;
use crate::adapters::discord::{self, Discord, InteractionDecoder};
use crate::config::Config;
use crate::engine::Engine;
use crate::ports::{Chat, Clock, Decoder, Endpoint, Integration, Origin, PortError, Renewable};
use async_trait::async_trait;
use secrecy::SecretString;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub struct DiscordPlatform;

struct WiredDiscord {
    rest: Arc<discord::Rest>,
    token: Renewable<SecretString>,
    clock: Arc<dyn Clock>,
    config: crate::config::Discord,
    /// Where its transport is the gateway.
    gateway: Option<Arc<Integration>>,
}

#[async_trait]
impl Platform for DiscordPlatform {
    fn states(&self, config: &Config) -> Vec<(String, String)> {
        let discord = &config.discord;
        let keyed = discord.public_key.is_some() || discord.transport == "gateway";
        let both = "set discord.bot_token, and discord.public_key for http";
        vec![
            state("discord cards", discord.bot_token.is_some(), "set discord.bot_token"),
            state("discord commands", discord.bot_token.is_some() && keyed, both),
        ]
    }

    fn preview(&self) -> Preview {
        Preview { platform: discord::PLATFORM, name: "Discord", message: discord::message }
    }

    async fn wire(&self, base: &Base<'_>) -> Result<Option<Arc<dyn Wired>>, String> {
        let config = &base.config.discord;
        if config.bot_token.is_none() {
            return Ok(None);
        }
        let token = base.live.part(base.config, &["discord.bot_token"], |config| {
            kept("discord.bot_token", config.discord.bot_token.as_ref())
        })?;
        let (api_url, clock) = (config.api_url.clone(), base.clock.clone());
        let settings = discord::Settings { api_url, bot_token: token.clone(), clock };
        let rest = discord::Rest::new(settings)?.watched(base.health.integration("discord", "Discord"));
        Ok(Some(Arc::new(WiredDiscord {
            rest: Arc::new(rest),
            token,
            clock: base.clock.clone(),
            config: config.clone(),
            gateway: (config.transport == "gateway")
                .then(|| base.health.integration("discord_gateway", "Discord's gateway")),
        })))
    }
}

impl WiredDiscord {
    fn intake(&self, engine: &Arc<Engine>, origin: Origin) -> discord::Intake {
        let application = self.config.application_id.clone();
        let guild = self.config.guild_id.clone();
        let sealer = self.rest.sealer();
        discord::Intake { door: engine.clone(), ask: engine.clone(), sealer, origin, application, guild }
    }
}

#[async_trait]
impl Wired for WiredDiscord {
    fn chat(&self) -> Arc<dyn Chat> {
        Arc::new(Discord::new(self.rest.clone()))
    }

    fn decoder(&self) -> Arc<dyn Decoder> {
        Arc::new(InteractionDecoder { guild: self.config.guild_id.clone() })
    }

    fn endpoints(&self, engine: &Arc<Engine>) -> Result<Vec<Arc<dyn Endpoint>>, String> {
        let key = self.config.public_key.as_ref().filter(|_| self.config.transport == "http");
        let Some(key) = key else { return Ok(Vec::new()) };
        let (key, intake) = (discord::Key::parse(key)?, self.intake(engine, Origin::Signed));
        Ok(vec![Arc::new(discord::Interactions { key, clock: self.clock.clone(), intake })])
    }

    async fn listen(&self, engine: &Arc<Engine>, tasks: &TaskTracker, stop: &CancellationToken) -> Result<(), String> {
        let (rest, config, ends) = (self.rest.clone(), self.config.clone(), stop.clone());
        tasks.spawn(async move {
            register(&rest, config.application_id.as_deref(), config.guild_id.as_deref(), &ends).await;
        });
        let Some(health) = &self.gateway else { return Ok(()) };
        let listener = discord::Listener {
            api_url: self.config.api_url.clone(),
            token: self.token.clone(),
            intake: self.intake(engine, Origin::Socket),
            rest: self.rest.clone(),
            health: health.clone(),
        };
        discord::listen(listener, tasks, stop.clone());
        Ok(())
    }
}

async fn register(rest: &discord::Rest, application: Option<&str>, guild: Option<&str>, stop: &CancellationToken) {
    loop {
        match discord::register(rest, application, guild).await {
            Ok(true) => return tracing::info!("registered the commands with Discord"),
            Ok(false) => return tracing::debug!("Discord has the commands already"),
            // Integrations that are down are reported once, by themselves.
            Err(PortError::Permanent { why }) => tracing::warn!(%why, "Discord refuses the commands"),
            Err(why) => tracing::debug!(%why, "could not register the commands with Discord yet"),
        }
        if pause(stop).await {
            return;
        }
    }
}
