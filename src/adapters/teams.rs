//! Microsoft Teams: an Adaptive Card to a channel's workflow, which posts it. Nothing comes back.

mod card;

use crate::domain::actor::Platform;
use crate::domain::text::clean_line;
use crate::ports::{Integration, Letter, Letters, PortError, Renewable, posted};
use async_trait::async_trait;
pub use card::message;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub const PLATFORM: &str = "teams";
/// A workflow may be throttled at some runs a minute (learn.microsoft.com, "Limits of automated flows").
const PACE_MS: i64 = 5_000;
const TIMEOUT: Duration = Duration::from_secs(20);

/// Channels of Teams, by the names that the operator gave them.
pub struct Teams {
    channels: Renewable<BTreeMap<String, SecretString>>,
    http: reqwest::Client,
    health: Arc<Integration>,
}

impl Teams {
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(channels: Renewable<BTreeMap<String, SecretString>>, health: Arc<Integration>) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ci-rescue/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { channels, http: http.map_err(|why| why.to_string())?, health })
    }
}

#[async_trait]
impl Letters for Teams {
    fn platform(&self) -> Platform {
        Platform::new(PLATFORM)
    }

    /// What strangers wrote stands in text runs, which read no markup.
    fn markup(&self) -> &'static str {
        "plain"
    }

    /// A workflow answers without a name of what it posted, takes none, and nothing it posted can be read back.
    fn shows_once(&self) -> bool {
        false
    }

    fn pace_ms(&self) -> i64 {
        PACE_MS
    }

    async fn send(&self, channel: &str, letter: &Letter<'_>) -> Result<(), PortError> {
        let channels = self.channels.get();
        let Some(url) = channels.get(channel) else {
            return Err(PortError::permanent("no [[teams]] table has this name"));
        };
        let request = self.http.post(url.expose_secret()).json(&message(letter));
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(why) => {
                let unsent = why.is_connect();
                let words = clean_line(&crate::ports::cause(&why.without_url()), 200);
                self.health.failed(&words);
                return Err(if unsent { PortError::transient(words) } else { PortError::ambiguous(words) });
            }
        };
        let wait = answer.headers().get(reqwest::header::RETRY_AFTER).and_then(|value| value.to_str().ok());
        let taken = posted(answer.status().as_u16(), wait);
        match &taken {
            Err(why @ PortError::Transient { .. }) => self.health.failed(why.why()),
            _ => self.health.answered(),
        }
        taken
    }
}
