//! Outgoing webhooks: what happens to an incident as JSON, signed as GitHub signs its own.

use crate::domain::actor::Platform;
use crate::domain::barrier::Barrier;
use crate::domain::incident::Incident;
use crate::domain::text::clean_line;
use crate::ports::{Events, Happening, Integration, PortError, Renewable, posted};
use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

pub const PLATFORM: &str = "webhook";
const PACE_MS: i64 = 100;
const TIMEOUT: Duration = Duration::from_secs(10);

/// One receiver.
pub struct Target {
    pub url: Url,
    /// Signs the body.
    pub secret: SecretString,
}

/// An incident as the API shows it.
pub type Shape = fn(&Incident) -> Value;

/// Receivers, by the names that the operator gave them.
pub struct Webhooks {
    targets: Renewable<BTreeMap<String, Target>>,
    shape: Shape,
    http: reqwest::Client,
    health: Arc<Integration>,
}

impl Webhooks {
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(
        targets: Renewable<BTreeMap<String, Target>>,
        shape: Shape,
        health: Arc<Integration>,
    ) -> Result<Self, String> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ci-rescue/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { targets, shape, http: http.map_err(|why| why.to_string())?, health })
    }

    fn body(&self, happening: &Happening<'_>) -> String {
        let changed = happening.changed.iter().map(|one| (one.what.into(), json!({"from": one.from, "to": one.to})));
        let entry = happening
            .entry
            .map(|(entry, words)| json!({"seq": entry.seq, "at": rfc3339(entry.at), "by": entry.by, "text": words}));
        json!({
            "event": happening.event,
            "delivery": happening.delivery,
            "incident": (self.shape)(happening.incident),
            "changed": changed.collect::<Map<String, Value>>(),
            "entry": entry,
        })
        .to_string()
    }
}

fn rfc3339(at: crate::domain::Time) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at.0).unwrap_or_default();
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

fn signature(secret: &SecretString, body: &[u8]) -> String {
    // An HMAC takes a key of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) else { return String::new() };
    mac.update(body);
    let hex = mac.finalize().into_bytes().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("sha256={hex}")
}

#[async_trait]
impl Events for Webhooks {
    fn platform(&self) -> Platform {
        Platform::new(PLATFORM)
    }

    fn pace_ms(&self) -> i64 {
        PACE_MS
    }

    async fn hand(&self, channel: &str, happening: &Happening<'_>) -> Result<(), PortError> {
        let targets = self.targets.get();
        let Some(target) = targets.get(channel) else {
            return Err(PortError::fixable(Barrier::Other, "no [[webhooks]] table has this name"));
        };
        let body = self.body(happening);
        let mut request = self
            .http
            .post(target.url.clone())
            .header("content-type", "application/json")
            .header("x-ci-rescue-event", happening.event)
            .header("x-ci-rescue-delivery", happening.delivery)
            .header("x-ci-rescue-signature-256", signature(&target.secret, body.as_bytes()));
        if happening.again {
            request = request.header("x-ci-rescue-redelivery", "true");
        }
        let answer = match request.body(body).send().await {
            Ok(answer) => answer,
            Err(why) => {
                let words = clean_line(&crate::ports::cause(&why.without_url()), 200);
                self.health.failed(&words);
                // It may have arrived: it goes again under the same delivery id.
                return Err(PortError::ambiguous(words));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_as_github_signs() {
        // docs.github.com, "Validating webhook deliveries", the example with its secret.
        let signed = signature(&"It's a Secret to Everybody".into(), b"Hello, World!");
        assert_eq!(signed, "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
    }
}
