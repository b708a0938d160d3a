//! What a chat platform has beside its channels.

use super::integrations::PortError;
use crate::domain::card::Card;
use crate::domain::page::{Home, Posted, Window};
use async_trait::async_trait;

/// By default a platform has nothing but channels. Each of these may be asked for twice.
#[async_trait]
pub trait Pages: Send + Sync {
    /// Shows a person their own page; the last state wins.
    async fn home(&self, _actor_id: &str, _home: &Home) -> Result<(), PortError> {
        Ok(())
    }
    /// Shows something else in a window that is open. `channel` and `thread` are where it was opened.
    async fn show(
        &self,
        _window: &str,
        _channel: &str,
        _thread: Option<&str>,
        _shown: &Window,
    ) -> Result<(), PortError> {
        Ok(())
    }
    /// Shows a card beside each of these links of a message, without buttons.
    async fn preview(&self, _at: &Posted, _cards: &[(String, Card)]) -> Result<(), PortError> {
        Ok(())
    }
}
