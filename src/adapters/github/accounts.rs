//! Whose account at GitHub is whose: by the device flow for chats, by the web flow for the console. Either ends in a token
//! of the person's, which tells their login and is then dropped: it is kept nowhere.

#![allow(clippy::disallowed_types, reason = "PKCE hashes, and a secret may have to be made")]

use crate::domain::link::{DeviceCode, Polled};
use crate::domain::text::clean_line;
use crate::ports::{Accounts, Flow, NotSignedIn, PortError, Sealer, SignIn, SignedIn, cause};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use futures::StreamExt;
use reqwest::{Client, RequestBuilder, StatusCode};
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(10);
/// An answer beyond this is none that we asked for.
const ANSWER_BYTES_MAX: usize = 64 << 10;
const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// What GitHub adds where somebody asks too often, in seconds.
const SLOWER_S: i64 = 5;
const WORDS_MAX: usize = 200;
const DISABLED: &str =
    "GitHub does not allow this App's device flow: the operator has to enable it in the App's settings";

/// An App of GitHub's, or an OAuth App, by which people say who they are.
pub struct OAuth {
    pub api_url: String,
    pub web_url: String,
    pub client_id: String,
    pub client_secret: Option<SecretString>,
    /// Organizations whose members may sign in to the console.
    pub organizations: Vec<String>,
    client: Client,
    sealer: Sealer,
}

#[derive(Deserialize)]
struct Device {
    device_code: String,
    user_code: String,
    verification_uri: String,
    expires_in: i64,
    interval: Option<i64>,
}

/// What GitHub answers instead, with status 200 or 400.
#[derive(Deserialize)]
struct Mistake {
    error: String,
    error_description: Option<String>,
    interval: Option<i64>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
}

#[derive(Deserialize)]
struct User {
    login: String,
    id: u64,
}

#[derive(Deserialize)]
struct Membership {
    state: String,
}

enum Told<T> {
    Is(T),
    Not(Mistake),
}

impl OAuth {
    /// `seal` is a secret of ours that is not in the store; without one, codes that wait end with this process.
    ///
    /// # Errors
    /// A certificate is not usable.
    pub fn new(
        api_url: &str,
        client_id: &str,
        client_secret: Option<SecretString>,
        seal: Option<SecretString>,
        ca_pem: Option<&[u8]>,
    ) -> Result<Self, String> {
        let web_url = super::GitHub::web_url(api_url).ok_or("github.api_url is no address")?;
        let mut builder = Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIME);
        if let Some(pem) = ca_pem {
            let all = reqwest::Certificate::from_pem_bundle(pem).map_err(|why| format!("github.ca_file: {why}"))?;
            for certificate in all {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self {
            api_url: api_url.trim_end_matches('/').to_owned(),
            web_url,
            client_id: client_id.to_owned(),
            client_secret,
            organizations: Vec::new(),
            client: builder.build().map_err(|why| why.to_string())?,
            sealer: Sealer::new(&seal.map_or_else(passing, Ok)?),
        })
    }

    /// Whose members may sign in to the console although the configuration does not name them.
    #[must_use]
    pub fn admitting(self, organizations: Vec<String>) -> Self {
        Self { organizations, ..self }
    }

    async fn ask<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<Told<T>, PortError> {
        let request = request.header("accept", "application/json").header("user-agent", "ci-rescue");
        let (status, body) = answer(request).await?;
        if let Ok(mistake) = serde_json::from_slice::<Mistake>(&body) {
            return Ok(Told::Not(mistake));
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(PortError::transient(format!("GitHub answered {}", status.as_u16())));
        }
        if status == StatusCode::NOT_FOUND {
            return Err(PortError::permanent("GitHub knows no such App: check github.client_id"));
        }
        if !status.is_success() {
            return Err(PortError::permanent(format!("GitHub answered {}", status.as_u16())));
        }
        let read = serde_json::from_slice(&body);
        read.map(Told::Is).map_err(|_| PortError::permanent("GitHub's answer cannot be read"))
    }

    /// What the API tells whoever has this token.
    async fn tell<T: DeserializeOwned>(&self, token: &SecretString, path: &str) -> Result<T, PortError> {
        let request = self.client.get(format!("{}{path}", self.api_url));
        let request = request.bearer_auth(token.expose_secret()).header("accept", "application/vnd.github+json");
        let (status, body) = answer(request.header("user-agent", "ci-rescue")).await?;
        if !status.is_success() {
            return Err(PortError::permanent(format!("GitHub answered {}", status.as_u16())));
        }
        serde_json::from_slice(&body).map_err(|_| PortError::permanent("GitHub's answer cannot be read"))
    }

    async fn user(&self, token: &SecretString) -> Result<User, PortError> {
        let user: User = self.tell(token, "/user").await?;
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if user.login.is_empty() || user.login.len() > 100 || !user.login.bytes().all(good) {
            return Err(PortError::permanent("GitHub's answer names no account"));
        }
        Ok(user)
    }

    /// Whether they are a member of one of the organizations now.
    async fn is_member(&self, token: &SecretString) -> bool {
        for organization in &self.organizations {
            let found: Result<Membership, _> =
                self.tell(token, &format!("/user/memberships/orgs/{organization}")).await;
            if found.is_ok_and(|membership| membership.state == "active") {
                return true;
            }
        }
        false
    }

    fn token_url(&self) -> String {
        format!("{}/login/oauth/access_token", self.web_url)
    }
}

/// A secret of this process alone.
fn passing() -> Result<SecretString, String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "this machine gives no randomness")?;
    Ok(B64.encode(bytes).into())
}

async fn answer(request: RequestBuilder) -> Result<(StatusCode, Vec<u8>), PortError> {
    let lost = |why: reqwest::Error| PortError::transient(format!("GitHub cannot be reached: {}", cause(&why)));
    let response = request.send().await.map_err(lost)?;
    let status = response.status();
    let (mut body, mut pieces) = (Vec::new(), response.bytes_stream());
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece.map_err(lost)?);
        if body.len() > ANSWER_BYTES_MAX {
            return Err(PortError::permanent("GitHub's answer is too long"));
        }
    }
    Ok((status, body))
}

impl Mistake {
    fn words(&self) -> String {
        let told = self.error_description.as_deref().unwrap_or(&self.error);
        format!("GitHub says: {}", clean_line(told, WORDS_MAX))
    }
}

#[async_trait]
impl Accounts for OAuth {
    async fn begin(&self) -> Result<DeviceCode, PortError> {
        let request = self.client.post(format!("{}/login/device/code", self.web_url));
        match self.ask::<Device>(request.form(&[("client_id", self.client_id.as_str())])).await? {
            Told::Is(device) => {
                // People are sent to GitHub and nowhere else.
                let url = format!("{}/login/device", self.web_url);
                if device.verification_uri != url {
                    tracing::debug!("GitHub names another address for codes than its own");
                }
                Ok(DeviceCode {
                    handle: self.sealer.close(&device.device_code),
                    code: clean_line(&device.user_code, 20),
                    url,
                    interval_s: device.interval.unwrap_or(SLOWER_S),
                    lives_s: device.expires_in,
                })
            }
            Told::Not(mistake) if mistake.error == "device_flow_disabled" => Err(PortError::permanent(DISABLED)),
            Told::Not(mistake) => Err(PortError::permanent(mistake.words())),
        }
    }

    async fn poll(&self, handle: &str) -> Result<Polled, PortError> {
        let ended = |why: &str| Ok(Polled::Ended { why: why.to_owned() });
        let Some(code) = self.sealer.open(handle).filter(|code| !code.is_empty()) else {
            return ended("the code is no longer of use, since this bot's settings changed; ask for another");
        };
        let form = [("client_id", self.client_id.as_str()), ("device_code", &code), ("grant_type", GRANT)];
        let mistake = match self.ask::<Granted>(self.client.post(self.token_url()).form(&form)).await? {
            Told::Is(granted) => {
                // The code is used up: there is no second try.
                return match self.user(&granted.access_token).await {
                    Ok(User { login, id }) => Ok(Polled::Is { login, id: Some(id) }),
                    Err(why) => ended(&format!("GitHub did not tell whose account it is ({}); try again", why.why())),
                };
            }
            Told::Not(mistake) => mistake,
        };
        match mistake.error.as_str() {
            "authorization_pending" => Ok(Polled::Pending),
            "slow_down" => Ok(Polled::SlowDown { interval_s: mistake.interval.unwrap_or(SLOWER_S * 2) }),
            "expired_token" | "token_expired" => {
                ended("the code was not entered in time; ask for another: link github")
            }
            "access_denied" => ended("it was cancelled on GitHub"),
            "device_flow_disabled" => ended(DISABLED),
            _ => ended(&mistake.words()),
        }
    }
}

fn broken(why: &PortError) -> NotSignedIn {
    NotSignedIn::Broken(why.why().to_owned())
}

#[async_trait]
impl SignIn for OAuth {
    fn id(&self) -> &'static str {
        "github"
    }

    fn name(&self) -> &'static str {
        "GitHub"
    }

    async fn begin(&self, flow: &Flow) -> Result<String, NotSignedIn> {
        let mut url = url::Url::parse(&format!("{}/login/oauth/authorize", self.web_url))
            .map_err(|why| NotSignedIn::Broken(why.to_string()))?;
        let challenge = B64.encode(digest(&SHA256, flow.verifier.as_bytes()));
        // An App of GitHub's has permissions instead of scopes, and passes over this.
        let scope = if self.organizations.is_empty() { "" } else { "read:org" };
        url.query_pairs_mut()
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &flow.callback)
            .append_pair("scope", scope)
            .append_pair("state", &flow.state)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("allow_signup", "false");
        Ok(url.into())
    }

    async fn finish(&self, flow: &Flow, code: &str) -> Result<SignedIn, NotSignedIn> {
        let secret = self.client_secret.as_ref().map_or("", |secret| secret.expose_secret());
        let form = [
            ("client_id", self.client_id.as_str()),
            ("client_secret", secret),
            ("code", code),
            ("redirect_uri", &flow.callback),
            ("code_verifier", &flow.verifier),
        ];
        let request = self.client.post(self.token_url()).form(&form);
        let granted = match self.ask::<Granted>(request).await.map_err(|why| broken(&why))? {
            Told::Is(granted) => granted,
            Told::Not(mistake) if mistake.error == "bad_verification_code" => {
                return Err(NotSignedIn::Refused("GitHub no longer accepts this sign-in; begin again".into()));
            }
            Told::Not(mistake) => return Err(NotSignedIn::Broken(mistake.words())),
        };
        let User { login, .. } = self.user(&granted.access_token).await.map_err(|why| broken(&why))?;
        let admitted = self.is_member(&granted.access_token).await;
        Ok(SignedIn { ids: vec![format!("github:{login}")], name: login, groups: Vec::new(), admitted })
    }
}
