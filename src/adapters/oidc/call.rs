//! Calls of the provider: small answers, soon, and no redirects.

use super::{Answer, Discovery, Settings, broken};
use crate::domain::text::clean_line;
use crate::ports::{Flow, NotSignedIn, cause};
use futures::StreamExt;
use reqwest::{Client, RequestBuilder, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

const TIME: Duration = Duration::from_secs(10);
const ANSWER_BYTES_MAX: usize = 256 << 10;

pub struct Caller(Client);

/// What a code is exchanged for.
#[derive(Deserialize)]
pub struct Granted {
    pub id_token: String,
    pub access_token: Option<SecretString>,
}

#[derive(Deserialize)]
struct Mistake {
    error: String,
    error_description: Option<String>,
}

/// https, or plain http to a loopback address.
pub fn safe(address: &str) -> bool {
    let Ok(url) = url::Url::parse(address) else { return false };
    let loopback = match url.host() {
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

impl Caller {
    pub fn new() -> Result<Self, String> {
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(TIME).build();
        client.map(Self).map_err(|why| why.to_string())
    }

    pub async fn get<T: DeserializeOwned>(&self, url: &str) -> Answer<T> {
        let (status, body) = answer(self.0.get(url)).await?;
        read(url, status, &body)
    }

    /// As whoever has this token.
    pub async fn get_as<T: DeserializeOwned>(&self, url: &str, token: &SecretString) -> Answer<T> {
        let (status, body) = answer(self.0.get(url).bearer_auth(token.expose_secret())).await?;
        read(url, status, &body)
    }

    pub async fn exchange(
        &self,
        discovery: &Discovery,
        settings: &Settings,
        flow: &Flow,
        code: &str,
    ) -> Answer<Granted> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &flow.callback),
            ("code_verifier", &flow.verifier),
        ];
        let mut request = self.0.post(&discovery.token_endpoint);
        let secret = settings.client_secret.as_ref().map(ExposeSecret::expose_secret);
        let methods = &discovery.token_endpoint_auth_methods_supported;
        // Without a list, the first of these is what the standard says.
        let basic = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        match secret {
            Some(secret) if basic => request = request.basic_auth(encoded(&settings.client_id), Some(encoded(secret))),
            Some(secret) => form.extend([("client_id", settings.client_id.as_str()), ("client_secret", secret)]),
            None => form.push(("client_id", &settings.client_id)),
        }
        let (status, body) = answer(request.form(&form)).await?;
        if let Ok(mistake) = serde_json::from_slice::<Mistake>(&body) {
            let told = clean_line(mistake.error_description.as_deref().unwrap_or(&mistake.error), 200);
            return match mistake.error.as_str() {
                "invalid_grant" => {
                    Err(NotSignedIn::Refused("The provider no longer accepts this sign-in; begin again".into()))
                }
                _ => broken(format!("the provider says: {told}")),
            };
        }
        read(&discovery.token_endpoint, status, &body)
    }
}

/// As the standard wants both parts of basic authentication.
fn encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

fn read<T: DeserializeOwned>(url: &str, status: StatusCode, body: &[u8]) -> Answer<T> {
    if !status.is_success() {
        return broken(format!("{url} answered {}", status.as_u16()));
    }
    serde_json::from_slice(body)
        .map_err(|_| NotSignedIn::Broken(format!("{url} answered something else than it should")))
}

async fn answer(request: RequestBuilder) -> Answer<(StatusCode, Vec<u8>)> {
    let lost = |why: reqwest::Error| NotSignedIn::Broken(format!("cannot be reached: {}", cause(&why)));
    let response = request.header("accept", "application/json").send().await.map_err(lost)?;
    let status = response.status();
    let (mut body, mut pieces) = (Vec::new(), response.bytes_stream());
    while let Some(piece) = pieces.next().await {
        body.extend_from_slice(&piece.map_err(lost)?);
        if body.len() > ANSWER_BYTES_MAX {
            return broken("its answer is too long");
        }
    }
    Ok((status, body))
}
