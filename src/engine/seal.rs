//! Button values: what a button says, with a code that only we can make. A value that was changed or made up is refused.

#![allow(clippy::disallowed_types, reason = "the seal is a secret")]

use crate::domain::card::{ButtonRef, Verb};
use crate::domain::ids::{Digest, IncidentNo, ProposalId, hex};
use crate::domain::sharing::Shared;
use crate::domain::time::Time;
use crate::ports::{INSTALLATION, Store, StoreError, Turn};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use hmac::{Hmac, KeyInit, Mac};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::Sha256;

/// The setting with the key.
pub const KEY: &str = "seal_key";
/// Bytes of the code kept: 128 bits.
const CODE: usize = 16;

pub struct Seal {
    key: Vec<u8>,
}

/// Made at the first start and kept.
pub struct Secrets {
    pub seal: Seal,
    /// Names this store in hidden markers, so that another installation's messages are not taken for ours.
    pub installation: String,
}

impl Secrets {
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let key = text(store, KEY, 32).await?;
        let installation = text(store, INSTALLATION, 6).await?;
        Ok(Self { seal: Seal { key: key.into_bytes() }, installation })
    }
}

async fn text(store: &dyn Store, name: &str, bytes: usize) -> Result<String, StoreError> {
    if let Some(serde_json::Value::String(have)) = store.setting(name).await? {
        return Ok(have);
    }
    let mut random = vec![0; bytes];
    SystemRandom::new().fill(&mut random).map_err(|_| StoreError::Broken("no randomness".into()))?;
    let made = B64.encode(random);
    let settings = vec![(name.to_owned(), Some(made.clone().into()))];
    let expect = vec![(name.to_owned(), None)];
    match store.commit(Turn { settings, expect, ..Turn::default() }).await {
        Ok(()) => Ok(made),
        // Another replica starts at the same time, and was faster.
        Err(StoreError::Conflict(why)) => match store.setting(name).await? {
            Some(serde_json::Value::String(have)) => Ok(have),
            _ => Err(StoreError::Conflict(why)),
        },
        Err(why) => Err(why),
    }
}

impl Seal {
    fn code(&self, body: &[u8]) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(body);
        Some(mac)
    }

    /// The wire form, under 100 characters: Discord's limit is the smallest.
    #[must_use]
    pub fn close(&self, what: &ButtonRef) -> String {
        let n = what.proposal.map_or(0, |id| id.n);
        let digest = B64.encode(unhex(what.digest.as_str()).unwrap_or_default());
        let body = format!("{}.{}.{n}.{digest}", what.verb.as_str(), what.incident.0);
        let code = self.code(body.as_bytes()).map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
        format!("{body}.{}", B64.encode(&code[..CODE]))
    }

    /// A link's secret part: the incident, the generation and the end, with a code over them.
    #[must_use]
    pub fn close_share(&self, no: IncidentNo, shared: Shared) -> String {
        let body = format!("{}.{}.{}", no.0, shared.generation, shared.until.0);
        let code = self.code(&share(&body)).map(|mac| mac.finalize().into_bytes()).unwrap_or_default();
        format!("{body}.{}", B64.encode(&code[..CODE]))
    }

    /// What a link is for, if we made it.
    #[must_use]
    pub fn open_share(&self, token: &str) -> Option<(IncidentNo, Shared)> {
        let (body, code) = token.rsplit_once('.')?;
        let code = B64.decode(code).ok().filter(|code| code.len() == CODE)?;
        self.code(&share(body))?.verify_truncated_left(&code).ok()?;
        let mut parts = body.split('.');
        let no = IncidentNo(parts.next()?.parse().ok()?);
        let (generation, until) = (parts.next()?.parse().ok()?, Time(parts.next()?.parse().ok()?));
        Some((no, Shared { generation, until }))
    }

    /// What the button says, if we made it.
    #[must_use]
    pub fn open(&self, value: &str) -> Option<ButtonRef> {
        let (body, code) = value.rsplit_once('.')?;
        let code = B64.decode(code).ok().filter(|code| code.len() == CODE)?;
        self.code(body.as_bytes())?.verify_truncated_left(&code).ok()?;
        let mut parts = body.split('.');
        let verb = Verb::ALL.into_iter().find(|verb| Some(verb.as_str()) == parts.clone().next())?;
        let incident = IncidentNo(parts.nth(1)?.parse().ok()?);
        let n: u32 = parts.next()?.parse().ok()?;
        let digest = Digest::from_hex(&hex(&B64.decode(parts.next()?).ok()?))?;
        let proposal = (n > 0).then_some(ProposalId { incident, n });
        Some(ButtonRef { verb, incident, proposal, digest })
    }
}

/// No button's value is a link, and no link a button's value.
fn share(body: &str) -> Vec<u8> {
    format!("share\0{body}").into_bytes()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_values_open() {
        let seal = Seal { key: b"k".to_vec() };
        let what = ButtonRef { verb: Verb::Retry, incident: IncidentNo(4), proposal: None, digest: Digest::of([]) };
        let value = seal.close(&what);
        assert!(value.len() <= 100, "{}", value.len());
        assert_eq!(seal.open(&value), Some(what));
        assert_eq!(Seal { key: b"x".to_vec() }.open(&value), None);
        for at in 0..value.len() {
            let mut forged = value.clone().into_bytes();
            forged[at] = if forged[at] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            // The last character of unpadded base64 carries spare bits; those must be zero, so no twin opens either.
            assert_eq!(seal.open(&forged), None, "{at}");
        }
    }
}
