//! `X-Hub-Signature-256` over the raw bytes, by the current secret or the previous one until it expires
//! (docs.github.com, "Validating webhook deliveries").

use crate::domain::time::Time;
use crate::ports::{Arriving, Clock, Headers, Origin, Proof, Raw, Refusal, Renewable, Streaming, Verifier};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::sync::Arc;

/// A webhook secret, and until when it counts.
pub struct Secret {
    pub text: SecretString,
    pub until: Option<Time>,
}

pub struct Signature {
    pub secrets: Renewable<Vec<Secret>>,
    /// Deliveries of another App are not for us.
    pub app_id: Option<u64>,
    pub clock: Arc<dyn Clock>,
}

/// GitHub's delivery ids are UUIDs; others of that alphabet are fine too.
const ID_MAX: usize = 64;

impl Streaming for Signature {
    fn begin(&self, headers: &Headers) -> Result<Box<dyn Arriving>, Refusal> {
        let header = headers.one("x-hub-signature-256");
        let code =
            header.and_then(parse).ok_or_else(|| Refusal::Unauthorized("one X-Hub-Signature-256 is needed".into()))?;
        let now = self.clock.now();
        let secrets = self.secrets.get();
        let live = secrets.iter().filter(|secret| secret.until.is_none_or(|until| now < until));
        let macs = live.filter_map(|secret| mac(&secret.text)).collect();
        Ok(Box::new(Signing { code, macs, bytes: 0, app_id: self.app_id }))
    }
}

impl Verifier for Signature {
    fn verify(&self, raw: &Raw) -> Result<Proof, Refusal> {
        let mut arriving = self.begin(&raw.headers)?;
        arriving.take(&raw.body);
        arriving.verify(raw)
    }
}

/// The code that was sent, and those that the body has by each secret, as far as it was taken.
struct Signing {
    code: Vec<u8>,
    macs: Vec<Hmac<Sha256>>,
    bytes: usize,
    app_id: Option<u64>,
}

impl Arriving for Signing {
    fn take(&mut self, piece: &[u8]) {
        self.macs.iter_mut().for_each(|mac| mac.update(piece));
        self.bytes += piece.len();
    }
}

impl Verifier for Signing {
    fn verify(&self, raw: &Raw) -> Result<Proof, Refusal> {
        // In constant time. A body of which something was not taken has no code.
        let matches = |mac: &Hmac<Sha256>| mac.clone().verify_slice(&self.code).is_ok();
        if self.bytes != raw.body.len() || !self.macs.iter().any(matches) {
            return Err(Refusal::Unauthorized("the signature does not match".into()));
        }
        self.addressed_to_us(raw)?;
        let id = raw.headers.one("x-github-delivery").filter(|id| is_id(id));
        let id = id.ok_or_else(|| Refusal::BadRequest("X-GitHub-Delivery is missing or is not an id".into()))?;
        let kind = raw.headers.one("x-github-event").filter(|kind| is_kind(kind)).unwrap_or("unknown");
        Ok(Proof { origin: Origin::Signed, id: id.to_owned(), kind: kind.to_owned(), press: None })
    }
}

impl Signing {
    fn addressed_to_us(&self, raw: &Raw) -> Result<(), Refusal> {
        let target = raw.headers.one("x-github-hook-installation-target-id");
        let of_app = raw.headers.one("x-github-hook-installation-target-type") == Some("integration");
        match (self.app_id, target.and_then(|id| id.parse::<u64>().ok())) {
            (Some(ours), Some(theirs)) if of_app && ours != theirs => {
                Err(Refusal::Unauthorized("the delivery is for another App".into()))
            }
            _ => Ok(()),
        }
    }
}

/// `sha256=` and 64 lower-case hex digits, nothing else.
fn parse(header: &str) -> Option<Vec<u8>> {
    let digits = header.strip_prefix("sha256=")?.as_bytes();
    let value = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    if digits.len() != 64 {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(value(pair[0])? << 4 | value(pair[1])?)).collect()
}

/// With an empty key anybody could sign.
fn mac(secret: &SecretString) -> Option<Hmac<Sha256>> {
    let key = Some(secret.expose_secret()).filter(|key| !key.trim().is_empty())?;
    Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()
}

fn is_id(id: &str) -> bool {
    (1..=ID_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn is_kind(kind: &str) -> bool {
    (1..=ID_MAX).contains(&kind.len()) && kind.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}
