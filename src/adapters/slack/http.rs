//! Slack over HTTP: the same deliveries as by socket, each signed (docs.slack.dev, "Verifying requests from Slack").

use super::intake::Intake;
use crate::ports::{Clock, Endpoint, Headers, NotTaken, Refusal, Renewable};
use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::HashMap;
use std::sync::Arc;

/// A stamp may be this far off, either way, in seconds.
const STAMP_S: i64 = 300;
const VERSION: &str = "v0";

/// Checks `X-Slack-Signature` over `v0:{timestamp}:{raw body}`.
pub struct Signature {
    pub secret: Renewable<SecretString>,
    pub clock: Arc<dyn Clock>,
}

impl Signature {
    /// # Errors
    /// [`Refusal::Unauthorized`] where the stamp is not fresh or the signature does not match.
    pub fn check(&self, headers: &Headers, body: &[u8]) -> Result<(), Refusal> {
        let (stamp, code) = self.admit(headers)?;
        // With an empty key anybody can sign.
        let secret = self.secret.get();
        let key = secret.expose_secret().as_bytes();
        let mac = Hmac::<Sha256>::new_from_slice(key).ok().filter(|_| !key.trim_ascii().is_empty());
        let mut mac = mac.ok_or_else(|| refuse("no signing secret is configured"))?;
        mac.update(format!("{VERSION}:{stamp}:").as_bytes());
        mac.update(body);
        mac.verify_slice(&code).map_err(|_| refuse("the signature does not match"))
    }

    /// The stamp and the code, which are there and well-formed.
    fn admit<'h>(&self, headers: &'h Headers) -> Result<(&'h str, Vec<u8>), Refusal> {
        let stamp = headers.one("x-slack-request-timestamp").filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
        let stamp = stamp.ok_or_else(|| refuse("one X-Slack-Request-Timestamp is needed, in seconds"))?;
        let at: i64 = stamp.parse().map_err(|_| refuse("the timestamp is no time"))?;
        if self.clock.now().unix_s().abs_diff(at) > STAMP_S.unsigned_abs() {
            return Err(refuse("the timestamp is over five minutes off"));
        }
        let code = headers.one("x-slack-signature").and_then(|text| text.strip_prefix("v0=")).and_then(unhex);
        Ok((stamp, code.ok_or_else(|| refuse("one X-Slack-Signature is needed"))?))
    }
}

fn refuse(why: &str) -> Refusal {
    Refusal::Unauthorized(why.to_owned())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    (0..64).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// Which of Slack's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Events,
    Commands,
    Interactions,
}

/// One of Slack's addresses.
pub struct Address {
    pub kind: Kind,
    pub signature: Arc<Signature>,
    pub intake: Intake,
}

#[async_trait]
impl Endpoint for Address {
    fn path(&self) -> &'static str {
        match self.kind {
            Kind::Events => "/slack/events",
            Kind::Commands => "/slack/commands",
            Kind::Interactions => "/slack/interactions",
        }
    }

    fn admit(&self, headers: &Headers) -> Result<(), Refusal> {
        self.signature.admit(headers).map(|_| ())
    }

    async fn answer(&self, headers: Headers, body: Vec<u8>) -> Result<Option<Value>, NotTaken> {
        self.signature.check(&headers, &body)?;
        match self.kind {
            Kind::Events => self.event(&body).await,
            Kind::Commands => self.command(&body).await,
            Kind::Interactions => self.interaction(&body).await,
        }
    }
}

impl Address {
    async fn event(&self, body: &[u8]) -> Result<Option<Value>, NotTaken> {
        let value: Value = serde_json::from_slice(body).map_err(|_| bad("the body is not JSON"))?;
        match value.get("type").and_then(Value::as_str) {
            Some("url_verification") => Ok(value.get("challenge").map(|challenge| json!({"challenge": challenge}))),
            Some("event_callback") => Ok(self.intake.event(value).await.map(|()| None)?),
            // An event of a kind that nobody asked for is not sent again.
            _ => Ok(None),
        }
    }

    async fn command(&self, body: &[u8]) -> Result<Option<Value>, NotTaken> {
        let command = serde_json::from_value(json!(form(body))).map_err(|why| bad(&why.to_string()))?;
        self.intake.command(command).await?;
        Ok(None)
    }

    async fn interaction(&self, body: &[u8]) -> Result<Option<Value>, NotTaken> {
        let form = form(body);
        let payload = form.get("payload").ok_or_else(|| bad("payload is missing"))?;
        let value: Value = serde_json::from_str(payload).map_err(|_| bad("the payload is not JSON"))?;
        Ok(self.intake.interaction(value).await?)
    }
}

fn bad(why: &str) -> NotTaken {
    NotTaken::Refused(Refusal::BadRequest(why.to_owned()))
}

/// The first value of each field.
fn form(body: &[u8]) -> HashMap<String, String> {
    let mut all = HashMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        all.entry(name.into_owned()).or_insert_with(|| value.into_owned());
    }
    all
}
