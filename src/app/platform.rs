//! What the app needs of a chat platform.
//!
//! To add one: its adapter, a file beside this one, and a line in [`all`].

use super::live::Live;
use super::{discord, slack};
use crate::adapters::console::Preview;
use crate::config::Config;
use crate::engine::Engine;
use crate::ports::{Chat, Clock, Decoder, Endpoint, Health, Store};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// What every platform is built from.
pub struct Base<'a> {
    pub config: &'a Config,
    pub store: &'a Arc<dyn Store>,
    pub clock: &'a Arc<dyn Clock>,
    pub health: &'a Health,
    pub live: &'a Arc<Live>,
}

/// A platform that can be configured.
#[async_trait]
pub trait Platform: Send + Sync {
    /// Each of its ways in and out with `on`, or what to set.
    fn states(&self, config: &Config) -> Vec<(String, String)>;

    /// How the console shows a card as people meet it there.
    fn preview(&self) -> Preview;

    /// `None` where it is not configured. Calls nobody.
    ///
    /// # Errors
    /// A sentence for the operator.
    async fn wire(&self, base: &Base<'_>) -> Result<Option<Arc<dyn Wired>>, String>;
}

/// A configured platform.
#[async_trait]
pub trait Wired: Send + Sync {
    fn chat(&self) -> Arc<dyn Chat>;

    fn decoder(&self) -> Arc<dyn Decoder>;

    /// The addresses that it calls, where its transport is HTTP.
    ///
    /// # Errors
    /// A sentence for the operator.
    fn endpoints(&self, engine: &Arc<Engine>) -> Result<Vec<Arc<dyn Endpoint>>, String>;

    /// Introduces us and opens connections in the background; they close after `stop`. A platform that is down is
    /// tried again and again.
    ///
    /// # Errors
    /// What is configured cannot work.
    async fn listen(&self, engine: &Arc<Engine>, tasks: &TaskTracker, stop: &CancellationToken) -> Result<(), String>;

    /// Whether people there can be told apart; until then nobody has a role.
    fn is_known(&self) -> bool {
        true
    }
}

pub fn all() -> [&'static dyn Platform; 2] {
    [&slack::SlackPlatform, &discord::DiscordPlatform]
}

/// `on`, or what to set.
pub fn state(name: &str, on: bool, off: &str) -> (String, String) {
    (name.to_owned(), if on { "on".to_owned() } else { format!("off: {off}") })
}

/// Before an integration is called again. `true` when it is time to stop.
pub async fn pause(stop: &CancellationToken) -> bool {
    const PAUSE: Duration = Duration::from_secs(30);
    tokio::select! {
        () = tokio::time::sleep(PAUSE) => false,
        () = stop.cancelled() => true,
    }
}
