//! Identity tokens of a provider, as it answers when somebody comes back from it.

use super::house::{NOON, Still, key, wait};
use super::input::{check_line, cut, text};
use axum::Router;
use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use ci_rescue::adapters::oidc::{Oidc, Settings};
use ci_rescue::ports::{Flow, SignIn, SignedIn};
use ring::signature::KeyPair;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

const CLIENT: &str = "rescue";
const NONCE: &str = "n-1";
/// Whose addresses are let in.
const DOMAIN: &str = "acme.example";
/// Stands for the provider's own address.
const ISSUER: &str = "{issuer}";

/// What the provider answers next: to the code, and about the person.
#[derive(Default)]
struct Told {
    granted: String,
    person: String,
}

type Shared = Arc<Mutex<Told>>;

/// A provider on a port of its own.
struct Provider {
    issuer: String,
    oidc: Oidc,
    told: Shared,
}

thread_local! {
    static PROVIDER: RefCell<Option<Provider>> = const { RefCell::new(None) };
}

fn said(told: &Shared, of: fn(&Told) -> &String) -> impl Future<Output = String> + use<> {
    let text = of(&told.lock().unwrap_or_else(PoisonError::into_inner)).clone();
    async move { text }
}

fn router(issuer: &str, told: &Shared) -> Router {
    let at = |path: &str| format!("{issuer}{path}");
    let about = json!({"issuer": issuer, "authorization_endpoint": at("/in"), "token_endpoint": at("/token"),
        "jwks_uri": at("/keys"), "userinfo_endpoint": at("/person")});
    let own = json!({"kty": "OKP", "crv": "Ed25519", "kid": "k", "x": B64.encode(key().public_key())});
    let (about, keys) = (about.to_string(), json!({"keys": [own]}).to_string());
    let (granted, person) = (told.clone(), told.clone());
    Router::new()
        .route("/.well-known/openid-configuration", get(about))
        .route("/keys", get(keys))
        .route("/token", post(move || said(&granted, |told| &told.granted)))
        .route("/person", get(move || said(&person, |told| &told.person)))
}

impl Provider {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let issuer = format!("http://{}", listener.local_addr().expect("an address"));
        let told = Shared::default();
        let router = router(&issuer, &told);
        tokio::spawn(async move { axum::serve(listener, router).await });
        let settings = Settings {
            issuer: issuer.clone(),
            client_id: CLIENT.into(),
            client_secret: None,
            domains: vec![DOMAIN.into()],
            groups_claim: "groups".into(),
            clock: Arc::new(Still),
        };
        Self { issuer, oidc: Oidc::new(settings).expect("an issuer"), told }
    }

    /// Who comes back with a code, where these are the answers.
    fn finish(&self, token: &str, person: &str) -> Option<SignedIn> {
        let granted = json!({"id_token": token, "access_token": "a"}).to_string();
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Told { granted, person: person.to_owned() };
        let text = |text: &str| text.to_owned();
        let callback = text("https://rescue.example/back");
        let flow = Flow { state: text("s"), verifier: text("v"), nonce: text(NONCE), callback };
        wait(self.oidc.finish(&flow, "code")).ok()
    }
}

fn signed(head: &str, claims: &str) -> String {
    let message = format!("{}.{}", B64.encode(head), B64.encode(claims));
    format!("{message}.{}", B64.encode(key().sign(message.as_bytes())))
}

/// Whoever is let in is who the token says, for us, for this sign-in, and now.
fn check_person(who: &SignedIn, claims: &str, issuer: &str) {
    let claims: Value = serde_json::from_str(claims).expect("what was believed is JSON");
    assert_eq!((claims["iss"].as_str(), claims["nonce"].as_str()), (Some(issuer), Some(NONCE)));
    assert!(claims["aud"] == CLIENT || claims["aud"].as_array().is_some_and(|all| all.iter().any(|one| one == CLIENT)));
    assert!(claims["exp"].as_f64().is_some_and(|exp| exp * 1_000.0 > (NOON - 120_000) as f64), "{claims}");
    let subject = format!("subject:{}", claims["sub"].as_str().expect("a subject"));
    assert_eq!(who.ids.last(), Some(&subject));
    let emails: Vec<&str> = who.ids.iter().filter_map(|id| id.strip_prefix("email:")).collect();
    assert!(emails.len() < 2 && who.ids.len() == emails.len() + 1, "{who:?}");
    let ours = |email: &&str| email.rsplit_once('@').is_some_and(|(_, domain)| domain == DOMAIN);
    assert_eq!(who.admitted, emails.first().is_some_and(ours), "{who:?}");
    check_line(&who.name, 100);
    assert!(who.groups.len() <= 500);
}

/// On the first line `token`, then a token as it is: nobody else can make one. Or `claims`, then a line each for the head,
/// the claims, which are signed, and what the provider tells of the person besides.
pub fn oidc(data: &[u8]) {
    let text = text(data);
    PROVIDER.with_borrow_mut(|kept| {
        let provider = kept.get_or_insert_with(|| wait(Provider::start()));
        let text = text.replace(ISSUER, &provider.issuer);
        let (kind, rest) = cut(&text);
        if kind != "claims" {
            assert_eq!(provider.finish(rest.trim(), "{}"), None);
            return;
        }
        let (head, rest) = cut(rest);
        let (claims, person) = cut(rest);
        if let Some(who) = provider.finish(&signed(head, claims), person) {
            let head: Value = serde_json::from_str(head).expect("what was believed is JSON");
            assert!(head["alg"] == "EdDSA" || head["alg"] == "Ed25519", "{head}");
            assert!(head.get("crit").is_none() && (head.get("kid").is_none_or(|kid| kid == "k" || !kid.is_string())));
            check_person(&who, claims, &provider.issuer);
        }
    });
}
