//! The gateway, through serenity: it resumes after disconnects by itself.

use super::PLATFORM;
use super::intake::Intake;
use super::rest::{Rest, Route};
use crate::domain::actor::Platform;
use crate::domain::barrier::Barrier;
use crate::ports::{Integration, Renewable, RoomNews};
use async_trait::async_trait;
use reqwest::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use serenity::all::{
    ClientBuilder, ConnectionStage, Context, Event, GatewayError, GatewayIntents, HttpBuilder, Interaction,
    RawEventHandler, ShardManager,
};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Between two tries to connect: 1,000 IDENTIFY a day are allowed.
const PAUSE: Duration = Duration::from_secs(90);
/// How often the connection is looked at.
const WATCH: Duration = Duration::from_secs(15);

/// What the gateway needs.
#[derive(Clone)]
pub struct Listener {
    /// Ends in `/api/v10`.
    pub api_url: String,
    pub token: Renewable<SecretString>,
    pub intake: Intake,
    pub rest: Arc<Rest>,
    pub health: Arc<Integration>,
}

struct Ears {
    intake: Intake,
    rest: Arc<Rest>,
    health: Arc<Integration>,
}

#[async_trait]
impl RawEventHandler for Ears {
    async fn raw_event(&self, _: Context, event: Event) {
        let value = match event {
            Event::Ready(_) | Event::Resumed(_) => {
                self.health.answered();
                None
            }
            Event::GuildCreate(event) => self.rooms(self.entered(event.guild.id.get())).await,
            // What we may do somewhere may have changed.
            Event::ChannelUpdate(_) | Event::GuildRoleUpdate(_) => self.rooms(RoomNews::Changed).await,
            Event::ChannelDelete(event) => {
                let channel = Some(event.channel.id.to_string());
                let why = "the channel was deleted".to_owned();
                self.rooms(RoomNews::Shut { channel, barrier: Barrier::Missing, why }).await
            }
            // One that is not available has an outage.
            Event::GuildDelete(event) if !event.guild.unavailable && self.is_ours(event.guild.id.get()) => {
                let why = "the bot was removed from the server".to_owned();
                self.rooms(RoomNews::Shut { channel: None, barrier: Barrier::Removed, why }).await
            }
            Event::InteractionCreate(event) => whole(&event.interaction),
            // The library is strict: an interaction with a field that it does not know comes as it is.
            Event::Unknown(event) if event.kind == "INTERACTION_CREATE" => serde_json::to_value(event.value).ok(),
            _ => None,
        };
        if let Some(value) = value {
            self.heard(value).await;
        }
    }
}

/// The library leaves the type out of what it writes.
fn whole(interaction: &Interaction) -> Option<Value> {
    let mut value = serde_json::to_value(interaction).ok()?;
    value["type"] = u8::from(interaction.kind()).into();
    Some(value)
}

impl Ears {
    /// Discord does not send it again: what could not be kept is found when a card is refused.
    async fn rooms(&self, news: RoomNews) -> Option<Value> {
        if let Err(why) = self.intake.door.rooms(&Platform::new(PLATFORM), news).await {
            tracing::warn!(%why, "could not keep what Discord tells of its channels");
        }
        None
    }

    fn is_ours(&self, guild: u64) -> bool {
        self.intake.guild.as_ref().is_some_and(|ours| *ours == guild.to_string())
    }

    /// We are on a server: at the start of a connection, and when somebody has added us.
    fn entered(&self, guild: u64) -> RoomNews {
        if self.is_ours(guild) { RoomNews::Open { channel: None } } else { RoomNews::Changed }
    }

    async fn heard(&self, value: Value) {
        let (address, answer) = match self.intake.take(value).await {
            Ok(Some(found)) => found,
            Ok(None) => return,
            // Not kept means not answered: Discord tells the person that it failed.
            Err(why) => return tracing::warn!(?why, "could not accept a Discord interaction"),
        };
        let path = format!("/interactions/{}/{}/callback", address.id, address.token);
        let body = serde_json::to_value(answer).unwrap_or(Value::Null);
        if let Err(why) = self.rest.call(Route::new(Method::POST, path), Some(&body)).await {
            tracing::debug!(%why, "could not acknowledge a Discord interaction");
        }
    }
}

/// Connects in the background, again and again until `stop`.
pub fn listen(listener: Listener, tasks: &TaskTracker, stop: CancellationToken) {
    let shards: Arc<Mutex<Option<Arc<ShardManager>>>> = Arc::default();
    tasks.spawn(watch(shards.clone(), listener.health.clone(), stop.clone()));
    let (held, ends) = (shards.clone(), stop.clone());
    tasks.spawn(async move {
        let work = async { while rest(&listener, connect(&listener, &held).await).await {} };
        tokio::select! {
            () = work => {}
            () = ends.cancelled() => {}
        }
    });
    tasks.spawn(async move {
        stop.cancelled().await;
        let shards = shards.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(shards) = shards {
            shards.shutdown_all().await;
        }
    });
}

/// The library reconnects by itself and tells nobody: a shard that is not connected twice in a row is an outage.
async fn watch(shards: Arc<Mutex<Option<Arc<ShardManager>>>>, health: Arc<Integration>, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(WATCH) => {}
            () = stop.cancelled() => return,
        }
        let manager = shards.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(manager) = manager else { continue };
        let connected = manager.runners.lock().await.values().any(|shard| shard.stage == ConnectionStage::Connected);
        if !connected && health.look().up.is_some() {
            health.failed("the gateway is not connected");
        }
    }
}

/// Waits until it is worth connecting again; `false` where it never is.
async fn rest(listener: &Listener, ended: Ended) -> bool {
    match ended {
        Ended::Again(why) => {
            listener.health.down(&why);
            tokio::time::sleep(PAUSE).await;
        }
        Ended::Refused(used, why) => another(listener, &used, &why).await,
        Ended::ForGood(why) => {
            listener.health.down(&why);
            tracing::error!("Discord refuses the connection: correct [discord] and restart");
            return false;
        }
    }
    true
}

/// Waits for another token than the one that Discord refused: we read it anew, or somebody else does.
async fn another(listener: &Listener, used: &Arc<SecretString>, why: &str) {
    if listener.token.refused(used) {
        return;
    }
    listener.health.down(why);
    tracing::error!("Discord refuses discord.bot_token: set the new one and send SIGHUP");
    while !listener.token.refused(used) {
        tokio::select! {
            () = listener.token.replaced(used) => {}
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Why a connection is over.
enum Ended {
    Again(String),
    /// Close code 4004: this token does not count.
    Refused(Arc<SecretString>, String),
    /// Close codes 4010 to 4014: the same again would be refused again.
    ForGood(String),
}

fn ended(why: &serenity::Error, used: Arc<SecretString>) -> Ended {
    let words = crate::domain::text::clean_line(&why.to_string(), 200);
    match why {
        serenity::Error::Gateway(GatewayError::InvalidAuthentication) => Ended::Refused(used, words),
        serenity::Error::Gateway(
            GatewayError::InvalidShardData
            | GatewayError::OverloadedShard
            | GatewayError::InvalidGatewayIntents
            | GatewayError::DisallowedGatewayIntents,
        ) => Ended::ForGood(words),
        _ => Ended::Again(words),
    }
}

/// Runs until the connection ends; says why.
async fn connect(listener: &Listener, held: &Mutex<Option<Arc<ShardManager>>>) -> Ended {
    // serenity's own calls only ask for the gateway's address; its limiter would ignore ours.
    let origin = listener.api_url.trim_end_matches('/').trim_end_matches("/api/v10").to_owned();
    let used = listener.token.get();
    let http = HttpBuilder::new(used.expose_secret()).proxy(origin).ratelimiter_disabled(true).build();
    let ears = Ears { intake: listener.intake.clone(), rest: listener.rest.clone(), health: listener.health.clone() };
    let client = ClientBuilder::new_with_http(http, GatewayIntents::GUILDS).raw_event_handler(ears).await;
    let mut client = match client {
        Ok(client) => client,
        Err(why) => return ended(&why, used),
    };
    *held.lock().unwrap_or_else(PoisonError::into_inner) = Some(client.shard_manager.clone());
    let done = client.start().await;
    // Its shards are gone: whoever stops us need not wait for them.
    *held.lock().unwrap_or_else(PoisonError::into_inner) = None;
    match done {
        Ok(()) => Ended::Again("it ended".into()),
        Err(why) => ended(&why, used),
    }
}
