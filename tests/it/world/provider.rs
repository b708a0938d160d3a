//! A provider of `OpenID` Connect: real discovery, keys, codes and signatures; people are whoever the test says.

#![allow(clippy::disallowed_types, reason = "keys and signatures are real")]

use super::HandClock;
use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD as B64};
use ci_rescue::ports::Clock;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio_util::sync::CancellationToken;

pub const CLIENT: &str = "rescue";
pub const SECRET: &str = "a secret/with:signs";

#[derive(Clone)]
pub struct Provider {
    inner: Arc<Mutex<Inner>>,
    pub at: SocketAddr,
}

struct Inner {
    clock: Arc<HandClock>,
    ec: (String, EcdsaKeyPair),
    rsa: RsaKeyPair,
    /// RS256 instead of ES256.
    by_rsa: bool,
    /// Claims of whoever sits at the browser.
    person: Value,
    /// What userinfo tells, where it does.
    more: Option<Value>,
    /// Lies: laid over the token's claims.
    lies: Value,
    /// Signs with a key that is not published.
    forged: bool,
    codes: BTreeMap<String, BTreeMap<String, String>>,
    tokens: BTreeMap<String, Value>,
    count: u32,
    keys_asked: u32,
}

type Fields = BTreeMap<String, String>;

fn ec() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).expect("a key")
}

fn rsa() -> RsaKeyPair {
    let pem = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/app-key.pem")).expect("a key");
    match PrivateKeyDer::from_pem_slice(&pem).expect("a key") {
        PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()).expect("a key"),
        PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).expect("a key"),
        _ => panic!("another kind of key"),
    }
}

impl Provider {
    pub async fn start(clock: &Arc<HandClock>, stop: &CancellationToken) -> Self {
        let (listener, at) = super::listener().await;
        let inner = Inner {
            clock: clock.clone(),
            ec: ("first".into(), ec()),
            rsa: rsa(),
            by_rsa: false,
            person: Value::Null,
            more: None,
            lies: json!({}),
            forged: false,
            codes: BTreeMap::new(),
            tokens: BTreeMap::new(),
            count: 0,
            keys_asked: 0,
        };
        let provider = Self { inner: Arc::new(Mutex::new(inner)), at };
        let router = Router::new()
            .route("/realm/.well-known/openid-configuration", get(discovery))
            .route("/realm/keys", get(keys))
            .route("/realm/authorize", get(authorize))
            .route("/realm/token", post(token))
            .route("/realm/userinfo", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(ci_rescue::server::serve(listener, router, stop.clone()));
        provider
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().expect("a lock")
    }

    pub fn issuer(&self) -> String {
        format!("http://{}/realm", self.at)
    }

    /// The configuration that uses it.
    pub fn config(&self, more: &str) -> String {
        format!(
            "\n[sign_in]\noidc_issuer = \"{}\"\noidc_client_id = \"{CLIENT}\"\noidc_client_secret = \"{SECRET}\"\n{more}",
            self.issuer()
        )
    }

    /// Goes by another clock from now on.
    pub fn on(&self, clock: &Arc<HandClock>) {
        self.lock().clock = clock.clone();
    }

    pub fn sits(&self, claims: Value) {
        self.lock().person = claims;
    }

    pub fn tells_more(&self, claims: Value) {
        self.lock().more = Some(claims);
    }

    pub fn lies(&self, claims: Value) {
        self.lock().lies = claims;
    }

    pub fn forges(&self, yes: bool) {
        self.lock().forged = yes;
    }

    pub fn signs_by_rsa(&self) {
        self.lock().by_rsa = true;
    }

    /// A new key, under another name.
    pub fn rotates(&self) {
        self.lock().ec = ("second".into(), ec());
    }

    pub fn keys_asked(&self) -> u32 {
        self.lock().keys_asked
    }
}

async fn discovery(State(provider): State<Provider>) -> Json<Value> {
    let at = provider.issuer();
    Json(json!({
        "issuer": at, "authorization_endpoint": format!("{at}/authorize"), "token_endpoint": format!("{at}/token"),
        "jwks_uri": format!("{at}/keys"), "userinfo_endpoint": format!("{at}/userinfo"),
        "response_types_supported": ["code"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut inner = provider.lock();
    inner.keys_asked += 1;
    let point = inner.ec.1.public_key().as_ref().to_vec();
    let public: ring::rsa::PublicKeyComponents<Vec<u8>> = inner.rsa.public().into();
    Json(json!({"keys": [
        {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": inner.ec.0,
         "x": B64.encode(&point[1..33]), "y": B64.encode(&point[33..])},
        {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "rsa", "n": B64.encode(public.n), "e": B64.encode(public.e)},
        {"kty": "RSA", "use": "enc", "kid": "enc", "n": "AQAB", "e": "AQAB"},
    ]}))
}

async fn authorize(State(provider): State<Provider>, Query(query): Query<Fields>) -> Response {
    assert_eq!((query["client_id"].as_str(), query["response_type"].as_str()), (CLIENT, "code"));
    assert_eq!(query["code_challenge_method"], "S256");
    assert!(query["scope"].split(' ').any(|scope| scope == "openid"));
    let mut inner = provider.lock();
    inner.count += 1;
    let code = format!("oidc-{}", inner.count);
    let to = format!("{}?code={code}&state={}", query["redirect_uri"], query["state"]);
    inner.codes.insert(code, query);
    (StatusCode::FOUND, [(header::LOCATION, to)]).into_response()
}

async fn token(State(provider): State<Provider>, headers: HeaderMap, Form(form): Form<Fields>) -> Response {
    let refused = |word: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": word}))).into_response();
    let mut inner = provider.lock();
    let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(CLIENT), encoded(SECRET))));
    if headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) != Some(&basic) {
        return refused("invalid_client");
    }
    let Some(asked) = inner.codes.remove(&form["code"]) else { return refused("invalid_grant") };
    let hash = ring::digest::digest(&ring::digest::SHA256, form["code_verifier"].as_bytes());
    if asked["redirect_uri"] != form["redirect_uri"] || asked["code_challenge"] != B64.encode(hash) {
        return refused("invalid_grant");
    }
    let now = inner.clock.now().unix_s();
    let mut claims = json!({
        "iss": provider.issuer(), "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
    });
    for all in [inner.person.clone(), inner.lies.clone()] {
        for (name, value) in all.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
    }
    let (algorithm, kid) = if inner.by_rsa { ("RS256", "rsa".to_owned()) } else { ("ES256", inner.ec.0.clone()) };
    let head = json!({"alg": algorithm, "typ": "JWT", "kid": kid});
    let message = format!("{}.{}", B64.encode(head.to_string()), B64.encode(claims.to_string()));
    let random = SystemRandom::new();
    let signature = if inner.by_rsa {
        let mut signature = vec![0; inner.rsa.public().modulus_len()];
        inner.rsa.sign(&RSA_PKCS1_SHA256, &random, message.as_bytes(), &mut signature).expect("a signature");
        signature
    } else {
        let other = inner.forged.then(ec);
        let key = other.as_ref().unwrap_or(&inner.ec.1);
        key.sign(&random, message.as_bytes()).expect("a signature").as_ref().to_vec()
    };
    inner.count += 1;
    let access = format!("access-{}", inner.count);
    let person = inner.person.clone();
    inner.tokens.insert(access.clone(), person);
    let id_token = format!("{message}.{}", B64.encode(signature));
    Json(json!({"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": id_token}))
        .into_response()
}

async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Response {
    let inner = provider.lock();
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some(person) = inner.tokens.get(token.trim_start_matches("Bearer ")) else {
        return StatusCode::UNAUTHORIZED.into_response();
    };
    let mut told = json!({"sub": person["sub"]});
    for (name, value) in inner.more.iter().filter_map(Value::as_object).flatten() {
        told[name] = value.clone();
    }
    Json(told).into_response()
}
