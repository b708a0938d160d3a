//! Who we are to GitHub: an App whose tokens are minted per repository, or a plain token.

#![allow(clippy::disallowed_types, reason = "signing needs it")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use secrecy::SecretString;

pub enum Credentials {
    /// Public data only, and no writes.
    Nobody,
    Token(SecretString),
    App {
        id: u64,
        key: Box<RsaKeyPair>,
    },
}

impl Credentials {
    /// An App from its private key in PEM, PKCS #1 or PKCS #8.
    ///
    /// # Errors
    /// What is wrong with the key.
    pub fn app(id: u64, pem: &str) -> Result<Self, String> {
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes())
            .map_err(|why| format!("the private key is not PEM: {why}"))?;
        let pair = match &key {
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err("the private key is not an RSA key".into()),
        };
        Ok(Self::App { id, key: Box::new(pair.map_err(|why| format!("the private key is not usable: {why}"))?) })
    }
}

/// An App's own token: RS256, issued a minute ago against clock skew, for nine minutes (GitHub allows ten).
pub fn app_jwt(id: u64, key: &RsaKeyPair, now_s: i64) -> Result<String, String> {
    let part = |value: serde_json::Value| B64.encode(value.to_string());
    let head = part(serde_json::json!({"alg": "RS256", "typ": "JWT"}));
    let body = part(serde_json::json!({"iat": now_s - 60, "exp": now_s + 540, "iss": id.to_string()}));
    let message = format!("{head}.{body}");
    let mut code = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut code)
        .map_err(|_| "signing failed".to_owned())?;
    Ok(format!("{message}.{}", B64.encode(code)))
}
