//! `OpenID` Connect: people sign in to the console at a provider of the operator's.
//!
//! The code flow with PKCE, state and nonce. The identity token's signature, issuer, audience, times and nonce are checked
//! with the keys that the provider publishes; ring does the arithmetic.

mod call;
mod token;

use crate::domain::text::clean_line;
use crate::domain::time::{HOUR_MS, MINUTE_MS, Time};
use crate::ports::{Clock, Flow, NotSignedIn, SignIn, SignedIn};
use async_trait::async_trait;
use call::{Caller, safe};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use token::{Claims, Keys};

/// What the provider says of itself counts for so long.
const KNOWN_MS: i64 = HOUR_MS;
/// A token may name a key that we do not know yet: asked again, but not for every token.
const KEYS_AGAIN_MS: i64 = MINUTE_MS;
const NAME_MAX: usize = 100;
const GROUPS_MAX: usize = 500;

pub struct Settings {
    /// Exactly as the provider names itself.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Option<SecretString>,
    /// Domains of verified email addresses that are let in; `*` for everybody who is at the provider.
    pub domains: Vec<String>,
    /// The claim that lists groups.
    pub groups_claim: String,
    pub clock: Arc<dyn Clock>,
}

/// What a provider tells of itself.
#[derive(Clone, Debug, Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

pub struct Oidc {
    settings: Settings,
    host: String,
    caller: Caller,
    discovery: Mutex<Option<(Discovery, Time)>>,
    keys: Mutex<Option<(Arc<Keys>, Time)>>,
}

type Answer<T> = Result<T, NotSignedIn>;

fn broken<T>(why: impl Into<String>) -> Answer<T> {
    Err(NotSignedIn::Broken(why.into()))
}

impl Oidc {
    /// # Errors
    /// The issuer is no address.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let url = url::Url::parse(&settings.issuer).map_err(|why| format!("sign_in.oidc_issuer: {why}"))?;
        let host = url.host_str().unwrap_or("the provider").to_owned();
        Ok(Self { caller: Caller::new()?, host, settings, discovery: Mutex::default(), keys: Mutex::default() })
    }

    /// Asks the provider for its addresses and keys, as the doctor does.
    ///
    /// # Errors
    /// What is wrong with its answer, or that there is none.
    pub async fn check(&self) -> Result<String, String> {
        let told = |why| match why {
            NotSignedIn::Broken(why) | NotSignedIn::Refused(why) => why,
        };
        let discovery = self.discover().await.map_err(told)?;
        let keys = self.fetch_keys(&discovery).await.map_err(told)?;
        Ok(format!("{} answers, with {} for signatures", self.settings.issuer, keys.count()))
    }

    async fn discover(&self) -> Answer<Discovery> {
        let now = self.settings.clock.now();
        let known = self.discovery.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((known, _)) = known.filter(|(_, at)| (0..KNOWN_MS).contains(&now.ms_since(*at))) {
            return Ok(known);
        }
        let at = format!("{}/.well-known/openid-configuration", self.settings.issuer.trim_end_matches('/'));
        let found: Discovery = self.caller.get(&at).await?;
        if found.issuer != self.settings.issuer {
            let named = clean_line(&found.issuer, 200);
            return broken(format!("it calls itself {named}: set sign_in.oidc_issuer to exactly that"));
        }
        let all = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        if let Some(wrong) = all.into_iter().chain(&found.userinfo_endpoint).find(|url| !safe(url)) {
            return broken(format!("it names an address without TLS: {}", clean_line(wrong, 200)));
        }
        *self.discovery.lock().unwrap_or_else(PoisonError::into_inner) = Some((found.clone(), now));
        Ok(found)
    }

    async fn fetch_keys(&self, discovery: &Discovery) -> Answer<Arc<Keys>> {
        let keys = Arc::new(Keys::of(&self.caller.get::<Value>(&discovery.jwks_uri).await?));
        let known = Some((Arc::clone(&keys), self.settings.clock.now()));
        *self.keys.lock().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(keys)
    }

    /// The token's claims. An unknown key is looked for again: providers change theirs.
    async fn verified(&self, discovery: &Discovery, token: &str) -> Answer<Value> {
        let now = self.settings.clock.now();
        let known = self.keys.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (keys, at) = match known {
            Some((keys, at)) if (0..KNOWN_MS).contains(&now.ms_since(at)) => (keys, at),
            _ => (self.fetch_keys(discovery).await?, now),
        };
        let old = now.ms_since(at) >= KEYS_AGAIN_MS;
        let keys = if !keys.has(token) && old { self.fetch_keys(discovery).await? } else { keys };
        keys.open(token).map_err(NotSignedIn::Refused)
    }

    /// Whether whoever has this verified address is let in.
    fn admits(&self, email: Option<&str>) -> bool {
        let domain = email.and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain);
        let fits = |want: &String| want == "*" || domain.is_some_and(|domain| domain.eq_ignore_ascii_case(want));
        self.settings.domains.iter().any(fits)
    }

    fn signed_in(&self, claims: &Claims) -> SignedIn {
        let subject = format!("subject:{}", claims.subject);
        let email = claims.email.as_ref().map(|email| format!("email:{email}"));
        let name = claims.name.clone().or_else(|| claims.email.clone()).unwrap_or_else(|| claims.subject.clone());
        SignedIn {
            ids: email.into_iter().chain([subject]).collect(),
            name: clean_line(&name, NAME_MAX),
            groups: claims.groups.iter().take(GROUPS_MAX).cloned().collect(),
            admitted: self.admits(claims.email.as_deref()),
        }
    }
}

#[async_trait]
impl SignIn for Oidc {
    fn id(&self) -> &'static str {
        "oidc"
    }

    fn name(&self) -> &str {
        &self.host
    }

    async fn begin(&self, flow: &Flow) -> Result<String, NotSignedIn> {
        let discovery = self.discover().await?;
        let url = url::Url::parse(&discovery.authorization_endpoint);
        let mut url = url.map_err(|why| NotSignedIn::Broken(why.to_string()))?;
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &flow.callback)
            .append_pair("scope", "openid profile email groups")
            .append_pair("state", &flow.state)
            .append_pair("nonce", &flow.nonce)
            .append_pair("code_challenge", &token::challenge(&flow.verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(url.into())
    }

    async fn finish(&self, flow: &Flow, code: &str) -> Result<SignedIn, NotSignedIn> {
        let discovery = self.discover().await?;
        let granted = self.caller.exchange(&discovery, &self.settings, flow, code).await?;
        let mut all = self.verified(&discovery, &granted.id_token).await?;
        let expected = token::Expected {
            issuer: &self.settings.issuer,
            client: &self.settings.client_id,
            nonce: &flow.nonce,
            now_s: self.settings.clock.now().unix_s(),
        };
        expected.check(&all).map_err(NotSignedIn::Refused)?;
        // Some providers tell addresses and groups here alone.
        let lacks = all.get("email").is_none() || all.get(&self.settings.groups_claim).is_none();
        if let (true, Some(at), Some(access)) = (lacks, &discovery.userinfo_endpoint, &granted.access_token) {
            let more: Value = self.caller.get_as(at, access).await?;
            token::complete(&mut all, &more, &self.settings.groups_claim);
        }
        let claims = Claims::of(&all, &self.settings.groups_claim).map_err(NotSignedIn::Refused)?;
        Ok(self.signed_in(&claims))
    }
}
