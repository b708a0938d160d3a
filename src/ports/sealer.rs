//! Addresses to answer at, as they are kept: whoever has one may speak in our name for a while, and a store's file
//! outlives that. So they are kept sealed by a secret that is not in the store.

#![allow(clippy::disallowed_types, reason = "a nonce that is never used twice")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as B64;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};

/// Begins what is sealed.
const MARK: &str = "sealed:";

pub struct Sealer(LessSafeKey);

impl Sealer {
    /// By a platform's own token.
    ///
    /// # Panics
    /// Never: a SHA-256 has the length of a key.
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        let key = digest(&SHA256, format!("ci-rescue/answers/{}", secret.expose_secret()).as_bytes());
        Self(LessSafeKey::new(UnboundKey::new(&CHACHA20_POLY1305, key.as_ref()).expect("32 bytes")))
    }

    /// Empty where the machine gives no randomness: then there is no private answer.
    #[must_use]
    pub fn close(&self, text: &str) -> String {
        let mut nonce = [0; NONCE_LEN];
        let mut sealed = text.as_bytes().to_vec();
        let random = SystemRandom::new().fill(&mut nonce);
        let nonced = Nonce::assume_unique_for_key(nonce);
        match random.and_then(|()| self.0.seal_in_place_append_tag(nonced, Aad::empty(), &mut sealed)) {
            Ok(()) => format!("{MARK}{}", B64.encode([nonce.as_slice(), &sealed].concat())),
            Err(_) => String::new(),
        }
    }

    /// What was sealed by the same secret; what never was, as from before there were seals, is itself.
    #[must_use]
    pub fn open(&self, text: &str) -> Option<String> {
        let Some(sealed) = text.strip_prefix(MARK) else { return Some(text.to_owned()) };
        // Those that are older than this alphabet live half an hour.
        let bytes = B64.decode(sealed.replace('-', "+").replace('_', "/")).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LEN>()?;
        let (nonce, mut sealed) = (Nonce::assume_unique_for_key(*nonce), sealed.to_vec());
        let opened = self.0.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        String::from_utf8(opened.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_opens() {
        let (ours, other) = (Sealer::new(&"a".to_owned().into()), Sealer::new(&"b".to_owned().into()));
        let sealed = ours.close("https://hooks.slack.com/x");
        assert!(!sealed.contains("hooks"));
        assert_ne!(sealed, ours.close("https://hooks.slack.com/x"));
        assert_eq!(ours.open(&sealed).as_deref(), Some("https://hooks.slack.com/x"));
        assert_eq!(ours.open("plain").as_deref(), Some("plain"));
        for wrong in [other.close("x"), format!("{sealed}A"), "sealed:".into(), "sealed:!".into()] {
            assert_eq!(ours.open(&wrong), None, "{wrong}");
        }
    }
}
