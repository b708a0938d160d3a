//! The page on this machine that posts the manifest to GitHub, and to which GitHub leads back with a code.

#![allow(clippy::disallowed_types, reason = "what proves that the answer belongs to our question is drawn")]

use axum::Router;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ci_rescue::adapters::github::{self, Form, NewApp};
use ci_rescue::server;
use ring::rand::{SecureRandom, SystemRandom};
use serde::Deserialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;

/// GitHub's codes last as long.
const PATIENCE: Duration = Duration::from_secs(3_600);
const BACK: &str = "created";

/// The App that is wanted.
pub struct Wanted<'a> {
    pub api_url: &'a str,
    pub ca_pem: Option<Vec<u8>>,
    pub organisation: Option<&'a str>,
    pub public: Option<&'a Url>,
}

/// Where the page is. Other accounts of this machine reach the port too: only who was told the key gets an answer.
pub struct Address {
    port: u16,
    key: String,
}

impl Address {
    /// # Errors
    /// The machine gives no randomness.
    pub fn new(port: u16) -> Result<Self, String> {
        Ok(Self { port, key: random()? })
    }

    /// What is opened in a browser.
    pub fn page(&self) -> String {
        format!("http://127.0.0.1:{}/{}/", self.port, self.key)
    }
}

struct Page {
    html: String,
    state: String,
    address: Address,
    policy: HeaderValue,
    api_url: String,
    ca_pem: Option<Vec<u8>>,
    made: mpsc::Sender<NewApp>,
}

/// A random text for addresses and headers.
///
/// # Errors
/// The machine gives no randomness.
pub fn random() -> Result<String, String> {
    let mut bytes = [0; 32];
    SystemRandom::new().fill(&mut bytes).map_err(|_| "this machine gives no randomness")?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Listens where only a browser of this machine gets, or of a container's host.
///
/// # Errors
/// The address is another's, or taken.
pub async fn listen(address: &str) -> Result<(TcpListener, SocketAddr), String> {
    let listener = crate::cli::serve::bind("--listen", address).await?;
    let at = crate::cli::serve::address(&listener)?;
    if !at.ip().is_loopback() && !at.ip().is_unspecified() {
        return Err(format!("--listen {address} is not an address of this machine alone, such as 127.0.0.1:8765"));
    }
    Ok((listener, at))
}

/// Shows the page until the App is there.
///
/// # Errors
/// Nobody came back in time, or the page cannot be made.
pub async fn create(listener: TcpListener, address: Address, wanted: Wanted<'_>) -> Result<NewApp, String> {
    let web = github::web_url(wanted.api_url);
    let state = random()?;
    let back = format!("{}{BACK}", address.page());
    let form = Form { web: &web, organisation: wanted.organisation, public: wanted.public, back: &back, state: &state };
    let html = github::form(&form)?;
    let policy = format!(
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' {web}; frame-ancestors 'none'; base-uri 'none'"
    );
    let policy = HeaderValue::from_str(&policy).map_err(|_| format!("{web} is not an address"))?;
    let (made, mut app) = mpsc::channel(1);
    let page = Arc::new(Page {
        html,
        state,
        address,
        policy,
        api_url: wanted.api_url.to_owned(),
        ca_pem: wanted.ca_pem,
        made,
    });
    let router = Router::new()
        .route("/{key}/", get(show))
        .route(&format!("/{{key}}/{BACK}"), get(come_back))
        .layer(from_fn_with_state(page.clone(), guard))
        .with_state(page);
    let stop = CancellationToken::new();
    let served = tokio::spawn(server::serve(listener, router, stop.clone()));
    let made = tokio::time::timeout(PATIENCE, app.recv()).await;
    stop.cancel();
    // The browser gets its answer.
    let _ = served.await;
    made.ok().flatten().ok_or_else(|| "nobody came back from GitHub within an hour".into())
}

/// Whoever calls us by another name is a page elsewhere; whoever has no key was not told the address.
async fn guard(State(page): State<Arc<Page>>, request: Request, next: Next) -> Response {
    let key = request.uri().path().split('/').nth(1).unwrap_or_default();
    let mut response = if !is_ours(request.headers(), page.address.port) {
        StatusCode::MISDIRECTED_REQUEST.into_response()
    } else if !bool::from(key.as_bytes().ct_eq(page.address.key.as_bytes())) {
        StatusCode::NOT_FOUND.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, page.policy.clone());
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    response
}

fn is_ours(headers: &HeaderMap, port: u16) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    ["127.0.0.1", "localhost", "[::1]"].iter().any(|ours| host == format!("{ours}:{port}"))
}

async fn show(State(page): State<Arc<Page>>) -> Html<String> {
    Html(page.html.clone())
}

#[derive(Deserialize)]
struct Returned {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

async fn come_back(State(page): State<Arc<Page>>, Query(returned): Query<Returned>) -> Response {
    let again = Some(("Start again", "./"));
    if !bool::from(returned.state.as_bytes().ct_eq(page.state.as_bytes())) {
        let words = "This answer does not belong to this setup, and nothing was done with it.";
        return answer(StatusCode::BAD_REQUEST, "Not taken", words, again);
    }
    match github::convert(&page.api_url, page.ca_pem.as_deref(), &returned.code).await {
        Ok(app) => {
            let install = format!("{}/installations/new", app.html_url.trim_end_matches('/'));
            let words = "The App is created, and its key is on your machine. Install it on your repositories, then go \
                         back to the terminal.";
            let response = answer(
                StatusCode::OK,
                "The App is created",
                words,
                Some(("Install it on your repositories", &install)),
            );
            // Only the first counts.
            let _ = page.made.try_send(app);
            response
        }
        Err(why) => answer(StatusCode::BAD_GATEWAY, "The App's key is not here", &format!("{why}."), again),
    }
}

fn answer(status: StatusCode, title: &str, words: &str, link: Option<(&str, &str)>) -> Response {
    let html = github::back(title, words, link).unwrap_or_else(|_| title.to_owned());
    (status, Html(html)).into_response()
}
