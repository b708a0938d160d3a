//! Identity tokens: signed by a key that the provider publishes, for us, for this sign-in, now.

#![allow(clippy::disallowed_types, reason = "signatures are checked here")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::digest::{SHA256, digest};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use serde_json::Value;
use subtle::ConstantTimeEq;

/// Clocks differ, in seconds.
const SKEW_S: i64 = 60;
/// A token is made for this very sign-in.
const AGE_S: i64 = 10 * 60;
const TOKEN_MAX: usize = 32 << 10;
const KEYS_MAX: usize = 50;
const SUBJECT_MAX: usize = 255;
const EMAIL_MAX: usize = 254;

/// What PKCE sends ahead of its verifier.
pub fn challenge(verifier: &str) -> String {
    B64.encode(digest(&SHA256, verifier.as_bytes()))
}

enum Key {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    P256(Vec<u8>),
    Ed25519(Vec<u8>),
}

impl Key {
    fn of(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| B64.decode(text(name)?).ok();
        if text("use").is_some_and(|usage| usage != "sig") {
            return None;
        }
        match (text("kty")?, text("crv")) {
            ("RSA", _) => Some(Self::Rsa { n: bytes("n")?, e: bytes("e")? }),
            // An uncompressed point.
            ("EC", Some("P-256")) => Some(Self::P256([vec![4], bytes("x")?, bytes("y")?].concat())),
            ("OKP", Some("Ed25519")) => Some(Self::Ed25519(bytes("x")?)),
            _ => None,
        }
    }

    /// The key says which algorithm may be used; what the token says has to be the same.
    fn signed(&self, algorithm: &str, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Rsa { n, e }, "RS256") => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
            (Self::P256(point), "ES256") => {
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature).is_ok()
            }
            (Self::Ed25519(key), "EdDSA" | "Ed25519") => {
                UnparsedPublicKey::new(&ED25519, key).verify(message, signature).is_ok()
            }
            _ => false,
        }
    }
}

/// The keys that a provider publishes, with their names.
pub struct Keys(Vec<(Option<String>, Key)>);

/// The parts of a token.
struct Parts<'a> {
    head: Value,
    message: &'a str,
    body: Vec<u8>,
    signature: Vec<u8>,
}

fn parts(token: &str) -> Option<Parts<'_>> {
    if token.len() > TOKEN_MAX {
        return None;
    }
    let (message, signature) = token.rsplit_once('.')?;
    let (head, body) = message.split_once('.')?;
    let head = serde_json::from_slice(&B64.decode(head).ok()?).ok()?;
    Some(Parts { head, message, body: B64.decode(body).ok()?, signature: B64.decode(signature).ok()? })
}

fn named(head: &Value) -> Option<&str> {
    head.get("kid").and_then(Value::as_str)
}

impl Keys {
    /// Of a JWK set; what cannot check a signature that we know is left out.
    pub fn of(set: &Value) -> Self {
        let all = set.get("keys").and_then(Value::as_array).into_iter().flatten().take(KEYS_MAX);
        let name = |jwk: &Value| named(jwk).map(str::to_owned);
        Self(all.filter_map(|jwk| Some((name(jwk), Key::of(jwk)?))).collect())
    }

    pub fn count(&self) -> String {
        format!("{} {}", self.0.len(), if self.0.len() == 1 { "key" } else { "keys" })
    }

    /// Whether the key that a token names is among them.
    pub fn has(&self, token: &str) -> bool {
        parts(token).is_some_and(|parts| self.fitting(&parts.head).next().is_some())
    }

    fn fitting<'k>(&'k self, head: &'k Value) -> impl Iterator<Item = &'k Key> {
        let wanted = named(head);
        self.0.iter().filter(move |(name, _)| wanted.is_none() || name.as_deref() == wanted).map(|(_, key)| key)
    }

    /// The claims of a token that one of them signed.
    ///
    /// # Errors
    /// A sentence on why it is not believed.
    pub fn open(&self, token: &str) -> Result<Value, String> {
        let parts = parts(token).ok_or("The provider's identity token cannot be read")?;
        let algorithm = parts.head.get("alg").and_then(Value::as_str).unwrap_or_default();
        let good = |key: &Key| key.signed(algorithm, parts.message.as_bytes(), &parts.signature);
        if parts.head.get("crit").is_some() || !self.fitting(&parts.head).any(good) {
            return Err("The signature of the provider's identity token is wrong".into());
        }
        serde_json::from_slice(&parts.body).map_err(|_| "The provider's identity token cannot be read".into())
    }
}

/// Whole seconds; some providers tell parts of one.
fn whole(seconds: &Value) -> Option<i64> {
    seconds.as_i64().or_else(|| seconds.as_number()?.to_string().split('.').next()?.parse().ok())
}

/// What a token has to say.
pub struct Expected<'a> {
    pub issuer: &'a str,
    pub client: &'a str,
    pub nonce: &'a str,
    pub now_s: i64,
}

impl Expected<'_> {
    /// # Errors
    /// A sentence on what is wrong.
    pub fn check(&self, claims: &Value) -> Result<(), String> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let time = |name: &str| whole(claims.get(name)?);
        if text("iss") != Some(self.issuer) {
            return Err("The identity token is of another provider".into());
        }
        let audience: Vec<&str> = match claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let ours = audience.contains(&self.client) && (audience.len() == 1 || text("azp") == Some(self.client));
        if !ours || text("azp").is_some_and(|party| party != self.client) {
            return Err("The identity token is for another application".into());
        }
        let fresh = time("exp").is_some_and(|exp| exp > self.now_s.saturating_sub(SKEW_S))
            && time("iat").is_some_and(|iat| {
                (self.now_s.saturating_sub(AGE_S)..=self.now_s.saturating_add(SKEW_S)).contains(&iat)
            });
        if !fresh {
            return Err("The identity token is not of now: check this machine's clock and the provider's".into());
        }
        let nonce = text("nonce").unwrap_or_default();
        if !bool::from(nonce.as_bytes().ct_eq(self.nonce.as_bytes())) {
            return Err("The identity token is of another sign-in; begin again".into());
        }
        Ok(())
    }
}

/// Adds what the token lacks and the provider tells of the same person elsewhere.
pub fn complete(claims: &mut Value, more: &Value, groups_claim: &str) {
    if more.get("sub") != claims.get("sub") {
        return;
    }
    let Some(claims) = claims.as_object_mut() else { return };
    // An address and whether it is verified belong together.
    let wanted: &[&str] = if claims.contains_key("email") {
        &["name", "preferred_username", groups_claim]
    } else {
        claims.remove("email_verified");
        &["name", "preferred_username", groups_claim, "email", "email_verified"]
    };
    for name in wanted {
        if let (false, Some(value)) = (claims.contains_key(*name), more.get(*name)) {
            claims.insert((*name).to_owned(), value.clone());
        }
    }
}

/// What we read of a person.
#[derive(Debug, PartialEq, Eq)]
pub struct Claims {
    pub subject: String,
    /// Verified.
    pub email: Option<String>,
    pub name: Option<String>,
    pub groups: Vec<String>,
}

impl Claims {
    /// # Errors
    /// A sentence: it says nothing of whom it is about.
    pub fn of(all: &Value, groups_claim: &str) -> Result<Self, String> {
        let text = |name: &str| all.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let plain = |text: &&str| !text.chars().any(char::is_control);
        let subject = text("sub").filter(|sub| sub.len() <= SUBJECT_MAX).filter(plain);
        let subject = subject.ok_or("The identity token does not say who it is about")?.to_owned();
        let verified = match all.get("email_verified") {
            Some(Value::Bool(yes)) => *yes,
            Some(Value::String(word)) => word == "true",
            _ => false,
        };
        let email = text("email").filter(|_| verified).filter(|email| email.len() <= EMAIL_MAX).filter(plain);
        let groups = match all.get(groups_claim) {
            Some(Value::String(one)) => vec![one.clone()],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let name = text("name").or_else(|| text("preferred_username")).map(str::to_owned);
        Ok(Self { subject, email: email.map(str::to_lowercase), name, groups })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair};
    use serde_json::json;

    fn signed(head: &Value, body: &Value, key: &Ed25519KeyPair) -> String {
        let message = format!("{}.{}", B64.encode(head.to_string()), B64.encode(body.to_string()));
        format!("{message}.{}", B64.encode(key.sign(message.as_bytes())))
    }

    fn pair() -> Ed25519KeyPair {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap()
    }

    #[test]
    fn only_the_published_key_with_its_own_algorithm_counts() {
        let (ours, other) = (pair(), pair());
        let x = B64.encode(ours.public_key());
        let keys = Keys::of(&json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "a", "x": x}]}));
        let body = json!({"sub": "ada"});
        let head = json!({"alg": "EdDSA", "kid": "a"});
        assert_eq!(keys.open(&signed(&head, &body, &ours)), Ok(body.clone()));
        assert!(keys.open(&signed(&head, &body, &other)).is_err());
        for head in [
            json!({"alg": "none"}),
            json!({"alg": "HS256", "kid": "a"}),
            json!({"alg": "RS256", "kid": "a"}),
            json!({"alg": "EdDSA", "kid": "b"}),
            json!({"alg": "EdDSA", "kid": "a", "crit": ["x"]}),
        ] {
            assert!(keys.open(&signed(&head, &body, &ours)).is_err(), "{head}");
        }
        let token = signed(&head, &body, &ours);
        let (front, _) = token.rsplit_once('.').unwrap();
        for wrong in [format!("{front}."), front.to_owned(), "..".into(), String::new(), "a.b.c".into()] {
            assert!(keys.open(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_for_us_for_this_sign_in_and_of_now() {
        let expected = Expected { issuer: "https://id", client: "us", nonce: "n", now_s: 1_000_000 };
        let good = json!({"iss": "https://id", "aud": "us", "exp": 1_000_300, "iat": 1_000_000, "nonce": "n"});
        assert_eq!(expected.check(&good), Ok(()));
        for (name, value) in [
            ("iss", json!("https://id/")),
            ("aud", json!("them")),
            ("aud", json!(["us", "them"])),
            ("azp", json!("them")),
            ("exp", json!(999_000)),
            ("exp", json!("later")),
            ("iat", json!(900_000)),
            ("iat", json!(2_000_000)),
            ("nonce", json!("m")),
            ("nonce", Value::Null),
        ] {
            let mut wrong = good.clone();
            wrong[name] = value;
            assert!(expected.check(&wrong).is_err(), "{wrong}");
        }
        let mut both = good;
        both["aud"] = json!(["us", "them"]);
        both["azp"] = json!("us");
        assert_eq!(expected.check(&both), Ok(()));
    }

    #[test]
    fn an_address_counts_once_it_is_verified() {
        let of = |claims: Value| Claims::of(&claims, "groups").unwrap();
        assert_eq!(
            of(json!({"sub": "1", "email": "A@x.org", "email_verified": true})).email.as_deref(),
            Some("a@x.org")
        );
        for not in [json!(false), json!("false"), Value::Null] {
            assert_eq!(of(json!({"sub": "1", "email": "a@x.org", "email_verified": not})).email, None);
        }
        // Of another person's, nothing is taken; nor a verification for another address.
        let mut claims = json!({"sub": "1", "email": "a@x.org"});
        complete(
            &mut claims,
            &json!({"sub": "1", "email": "b@x.org", "email_verified": true, "groups": ["g"]}),
            "groups",
        );
        assert_eq!((of(claims.clone()).email, of(claims).groups), (None, vec!["g".to_owned()]));
        let mut claims = json!({"sub": "1"});
        complete(&mut claims, &json!({"sub": "2", "email": "b@x.org", "email_verified": true}), "groups");
        assert_eq!(of(claims).email, None);
        assert!(Claims::of(&json!({"sub": ""}), "groups").is_err());
    }
}
