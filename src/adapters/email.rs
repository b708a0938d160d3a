//! The e-mail room: one thread of letters for each incident and address, over SMTP.

mod message;
mod server;

pub use message::is_address;
pub use server::{Security, Server};

use crate::card::Words;
use crate::domain::actor::Platform;
use crate::domain::barrier::Barrier;
use crate::ports::{Integration, Letter, Letters, PortError, Renewable};
use async_trait::async_trait;
use lettre::message::Mailbox;
use message::Sender;
use std::sync::Arc;

pub const PLATFORM: &str = "email";
/// Inboxes are for people: six letters a minute and address; what comes faster becomes a digest.
const PACE_MS: i64 = 10_000;

pub struct Email {
    server: Renewable<Server>,
    sender: Sender,
    words: Arc<Words>,
    health: Arc<Integration>,
}

impl Email {
    /// `from` is a mailbox: `CI Rescue <ci@example.org>`, or an address alone.
    ///
    /// # Errors
    /// It is none.
    pub fn new(
        server: Renewable<Server>,
        from: &str,
        words: Arc<Words>,
        health: Arc<Integration>,
    ) -> Result<Self, String> {
        let from: Mailbox = from.parse().map_err(|_| format!("\"{from:.80}\" is no mail address"))?;
        Ok(Self { server, sender: Sender::new(from), words, health })
    }
}

#[async_trait]
impl Letters for Email {
    fn platform(&self) -> Platform {
        Platform::new(PLATFORM)
    }

    fn markup(&self) -> &'static str {
        "html"
    }

    /// Mail programs know a letter by its `Message-ID`.
    fn shows_once(&self) -> bool {
        true
    }

    fn pace_ms(&self) -> i64 {
        PACE_MS
    }

    async fn send(&self, channel: &str, letter: &Letter<'_>) -> Result<(), PortError> {
        let mail = self.words.mail(letter.card, letter.plain, letter.news);
        let mail = mail.map_err(|why| PortError::permanent(why.to_string()))?;
        let message = self.sender.message(channel, letter, mail).map_err(PortError::permanent)?;
        let server = self.server.get();
        let sent = server.send(message).await;
        let is_refused = matches!(&sent, Err(PortError::Fixable { barrier: Barrier::Credentials, .. }));
        if is_refused && self.server.refused(&server) {
            return Err(PortError::transient("the mail server refused the password; there is another now"));
        }
        match &sent {
            Err(PortError::Transient { why, .. } | PortError::Ambiguous { why }) => self.health.failed(why),
            Err(PortError::Fixable { why, barrier }) if barrier.is_everywhere() => self.health.down(why),
            _ => self.health.answered(),
        }
        sent
    }
}
