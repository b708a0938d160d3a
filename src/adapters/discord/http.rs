//! Interactions over HTTP, signed by Ed25519 over timestamp and body (discord.com/developers, "Interactions Overview").

use super::intake::Intake;
use crate::ports::{Clock, Endpoint, Headers, NotTaken, Refusal};
use async_trait::async_trait;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;
use std::sync::Arc;

/// A stamp may be this far off, either way, in seconds. Discord itself sets no limit.
const STAMP_S: u64 = 300;

/// The application's public key.
pub struct Key([u8; 32]);

impl Key {
    /// # Errors
    /// It is not 64 hex digits.
    pub fn parse(text: &str) -> Result<Self, String> {
        let bytes = unhex(text.trim()).and_then(|bytes| bytes.try_into().ok());
        bytes
            .map(Self)
            .ok_or_else(|| "discord.public_key has to be 64 hex digits, as the developer portal shows it".into())
    }

    /// # Errors
    /// [`Refusal::Unauthorized`] where the stamp is not fresh or the signature does not match.
    pub fn check(&self, clock: &dyn Clock, headers: &Headers, body: &[u8]) -> Result<(), Refusal> {
        let (stamp, code) = admit(clock, headers)?;
        let message = [stamp.as_bytes(), body].concat();
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(&message, &code).map_err(|_| refuse("the signature does not match"))
    }
}

/// The stamp and the code, which are there and well-formed.
fn admit<'h>(clock: &dyn Clock, headers: &'h Headers) -> Result<(&'h str, Vec<u8>), Refusal> {
    let stamp = headers.one("x-signature-timestamp").filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
    let stamp = stamp.ok_or_else(|| refuse("one X-Signature-Timestamp is needed, in seconds"))?;
    let at: i64 = stamp.parse().map_err(|_| refuse("the timestamp is no time"))?;
    if clock.now().unix_s().abs_diff(at) > STAMP_S {
        return Err(refuse("the timestamp is over five minutes off"));
    }
    let code = headers.one("x-signature-ed25519").and_then(unhex);
    Ok((stamp, code.ok_or_else(|| refuse("one X-Signature-Ed25519 is needed"))?))
}

fn refuse(why: &str) -> Refusal {
    Refusal::Unauthorized(why.to_owned())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

/// `POST /discord/interactions`.
pub struct Interactions {
    pub key: Key,
    pub clock: Arc<dyn Clock>,
    pub intake: Intake,
}

#[async_trait]
impl Endpoint for Interactions {
    fn path(&self) -> &'static str {
        "/discord/interactions"
    }

    fn admit(&self, headers: &Headers) -> Result<(), Refusal> {
        admit(&*self.clock, headers).map(|_| ())
    }

    async fn answer(&self, headers: Headers, body: Vec<u8>) -> Result<Option<Value>, NotTaken> {
        self.key.check(&*self.clock, &headers, &body)?;
        let bad = |why: &str| NotTaken::Refused(Refusal::BadRequest(why.to_owned()));
        let value: Value = serde_json::from_slice(&body).map_err(|_| bad("the body is not JSON"))?;
        // A ping names no user, no channel, and not always an application.
        if value.get("type").and_then(Value::as_u64) == Some(1) {
            return Ok(Some(serde_json::json!({"type": 1})));
        }
        let answer = self.intake.take(value).await?;
        let (_, answer) = answer.ok_or_else(|| bad("that kind of interaction is not read"))?;
        Ok(serde_json::to_value(answer).ok())
    }
}
