//! The bot without doors: for one call, after which it ends.

use super::wiring::Wiring;
use crate::config::{Config, Feed};
use crate::engine::Engine;
use crate::ports::{Clock, Store};
use std::sync::Arc;

/// An engine whose cards go to the subscribed channels alone: nobody could press anything on a pull request. No
/// integration is called yet.
///
/// # Errors
/// A sentence for the operator.
pub async fn alone(config: &Config, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Result<Arc<Engine>, String> {
    let wiring = Wiring::of(config, &store, &clock, None, None).await?;
    let chats = wiring.platforms.iter().map(|platform| platform.chat()).collect();
    let feeds = config.subscriptions.iter().map(Feed::subscription).collect();
    Engine::start(wiring.parts(config, store, chats, feeds)?).await.map_err(|why| why.to_string())
}
