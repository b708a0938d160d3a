//! The client: authentication, limits, and what each answer means for whoever asked.

use super::auth::{Credentials, app_jwt};
use crate::domain::ids::Repo;
use crate::domain::text::clean_line;
use crate::domain::time::{MINUTE_MS, SECOND_MS, Time};
use crate::ports::{Clock, Integration, PortError, Renewable, TRACE, Ticks, cause};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, header};
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use octocrab::service::middleware::{base_uri::BaseUriLayer, extra_headers::ExtraHeadersLayer};
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::OnceCell;
use tracing::Instrument;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_secs(60);
/// An answer beyond this is none that we asked for.
const ANSWER_BYTES_MAX: usize = 16 << 20;
/// Hops to a renamed repository.
const REDIRECTS_MAX: usize = 3;
/// Calls that create content (docs.github.com, "Rate limits for the REST API"): 80 a minute, 500 an hour. A burst comes
/// on top of the rate, so the two together make the limit.
const CREATING_A_MINUTE: [NonZeroU32; 2] =
    [NonZeroU32::new(60).expect("not zero"), NonZeroU32::new(20).expect("not zero")];
const CREATING_AN_HOUR: [NonZeroU32; 2] =
    [NonZeroU32::new(400).expect("not zero"), NonZeroU32::new(100).expect("not zero")];
/// A token this close to its expiry is not used.
const TOKEN_SLACK_MS: i64 = 5 * MINUTE_MS;
/// What stands before the cause where no answer came.
pub(super) const UNREACHED: &str = "GitHub cannot be reached: ";
/// Secondary limits that name no time: GitHub asks for at least a minute.
const SECONDARY_PAUSE: Duration = Duration::from_secs(60);

pub struct Settings {
    /// `https://api.github.com`, `https://host/api/v3`, or a loopback address.
    pub api_url: String,
    /// Certificates of one's own authority, PEM.
    pub ca_pem: Option<Vec<u8>>,
    pub credentials: Renewable<Credentials>,
    pub clock: Arc<dyn Clock>,
}

type Limiter = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>;

struct Token {
    text: SecretString,
    until: Time,
}

/// GitHub, behind the ports `Ci` and `Forge`.
pub struct GitHub {
    pub(super) client: Octocrab,
    /// The same, for GraphQL: it is not below the REST API's address on a server of one's own.
    graph: Octocrab,
    pub(super) plain: reqwest::Client,
    pub(super) api: url::Url,
    credentials: Renewable<Credentials>,
    pub(super) clock: Arc<dyn Clock>,
    /// One slot per repository: whoever holds it mints, the others wait and use what was minted.
    tokens: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<Token>>>>>,
    /// Installations by owner, one slot each.
    installations: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<u64>>>>>,
    /// Of the App, once it was asked for.
    slug: OnceCell<String>,
    minute: Limiter,
    hour: Limiter,
    /// GitHub asked us to be quiet until then.
    quiet_until: Mutex<Time>,
    pub(super) quota: super::quota::Quotas,
    pub(super) redelivered: Mutex<super::lost::Redelivered>,
    pub(super) health: Option<Arc<Integration>>,
}

/// What an answer was, before it is taken for good or ill.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, PortError> {
        serde_json::from_slice(&self.body)
            .map_err(|why| PortError::permanent(format!("GitHub's answer cannot be read: {why}")))
    }

    /// A proxy's page: GitHub itself answers in JSON, or with an empty body.
    fn is_a_page(&self) -> bool {
        let kind = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        !self.body.is_empty() && kind.is_some_and(|kind| kind.starts_with("text/html"))
    }

    /// GitHub's own words, without the rest.
    pub fn message(&self) -> String {
        let value: Value = serde_json::from_slice(&self.body).unwrap_or(Value::Null);
        let words = value.get("message").and_then(Value::as_str).unwrap_or("no message");
        crate::domain::text::clean_line(words, 200)
    }
}

impl GitHub {
    /// # Errors
    /// The address or a certificate is not usable.
    pub fn new(settings: Settings) -> Result<Self, String> {
        let api = url::Url::parse(&settings.api_url).map_err(|why| format!("github.api_url: {why}"))?;
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT);
        if let Some(pem) = &settings.ca_pem {
            let all = reqwest::Certificate::from_pem_bundle(pem).map_err(|why| format!("github.ca_file: {why}"))?;
            for certificate in all {
                builder = builder.add_root_certificate(certificate);
            }
        }
        let http = builder.build().map_err(|why| why.to_string())?;
        let plain = super::fetch::client(&api, settings.ca_pem.as_deref())?;
        let base: Uri =
            settings.api_url.trim_end_matches('/').parse().map_err(|why| format!("github.api_url: {why}"))?;
        let graph = settings.api_url.trim_end_matches('/');
        let graph: Uri =
            graph.strip_suffix("/v3").unwrap_or(graph).parse().map_err(|why| format!("github.api_url: {why}"))?;
        let ticks = || Ticks(settings.clock.clone());
        let [minute, minute_burst] = CREATING_A_MINUTE;
        let [hour, hour_burst] = CREATING_AN_HOUR;
        Ok(Self {
            client: octocrab(http.clone(), base),
            graph: octocrab(http, graph),
            plain,
            api,
            credentials: settings.credentials,
            minute: RateLimiter::direct_with_clock(Quota::per_minute(minute).allow_burst(minute_burst), ticks()),
            hour: RateLimiter::direct_with_clock(Quota::per_hour(hour).allow_burst(hour_burst), ticks()),
            clock: settings.clock,
            tokens: Mutex::default(),
            installations: Mutex::default(),
            slug: OnceCell::new(),
            quiet_until: Mutex::new(Time(0)),
            quota: super::quota::Quotas::default(),
            redelivered: Mutex::default(),
            health: None,
        })
    }

    /// Reports how calls end.
    #[must_use]
    pub fn watched(self, health: Arc<Integration>) -> Self {
        Self { health: Some(health), ..self }
    }

    /// The host that people see: links have to point there.
    #[must_use]
    pub fn web_host(api_url: &str) -> String {
        let Ok(url) = url::Url::parse(api_url) else { return String::new() };
        let host = url.host_str().unwrap_or("");
        match (host, url.port()) {
            ("api.github.com", _) => "github.com".into(),
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.strip_prefix("api.").unwrap_or(host).to_owned(),
        }
    }

    /// Where people look at repositories, by the same rule.
    #[must_use]
    pub fn web_url(api_url: &str) -> Option<String> {
        let url = url::Url::parse(api_url).ok()?;
        Some(format!("{}://{}", url.scheme(), Self::web_host(api_url)))
    }

    pub(super) async fn get<T: DeserializeOwned>(&self, repo: &Repo, path: &str) -> Result<T, PortError> {
        let answer = self.call("GET", Some(repo), path, None).await?;
        if answer.status.is_success() { answer.json() } else { Err(refused(&answer)) }
    }

    /// A call as the App's installation on `repo` (or with the plain token).
    pub(super) async fn call(
        &self,
        method: &str,
        repo: Option<&Repo>,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, PortError> {
        self.wait_turn(method != "GET" && !steers_a_run(path))?;
        let span = tracing::info_span!(
            target: TRACE,
            "github",
            otel.name = %format_args!("github {method}"),
            otel.kind = "client",
            http.request.method = method,
            url.path = %clean_line(path.split('?').next().unwrap_or(path), 200),
        );
        self.send(method, repo, path, body).instrument(span).await
    }

    /// A call of the GraphQL API, which is always a POST; one that only `reads` creates no content.
    pub(super) async fn graphql(&self, repo: &Repo, body: &Value, reads: bool) -> Result<Answer, PortError> {
        self.wait_turn(!reads)?;
        let span = tracing::info_span!(
            target: TRACE,
            "github",
            otel.name = "github POST",
            otel.kind = "client",
            http.request.method = "POST",
            url.path = "/graphql",
        );
        self.send_by(&self.graph, "POST", Some(repo), "/graphql", Some(body)).instrument(span).await
    }

    /// The same, without the limit of calls that create content.
    async fn send(
        &self,
        method: &str,
        repo: Option<&Repo>,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, PortError> {
        self.send_by(&self.client, method, repo, path, body).await
    }

    async fn send_by(
        &self,
        client: &Octocrab,
        method: &str,
        repo: Option<&Repo>,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, PortError> {
        self.wait_quiet()?;
        let used = self.credentials.get();
        let mut sent = self.follow_as_us(client, method, repo, path, body).await?;
        let is_refused = |sent: &Result<Answer, PortError>| {
            sent.as_ref().is_ok_and(|answer| answer.status == StatusCode::UNAUTHORIZED)
        };
        if is_refused(&sent) {
            self.forget_token(repo).await;
            if self.credentials.refused(&used) {
                sent = self.follow_as_us(client, method, repo, path, body).await?;
            }
        }
        self.report(&sent, repo);
        let answer = sent?;
        if answer.is_a_page() && !answer.status.is_server_error() {
            return Err(PortError::transient("another program answered in GitHub's place, with a web page"));
        }
        if let Some(repo) = repo {
            self.quota.note(repo, &answer.headers);
        }
        self.obey(&answer)?;
        if answer.status.is_server_error() {
            let why = format!("GitHub answered {}: {}", answer.status.as_u16(), answer.message());
            // A write may have happened behind a 502.
            return Err(if method == "GET" { PortError::transient(why) } else { PortError::ambiguous(why) });
        }
        Ok(answer)
    }

    /// With our credentials as they are now. The outer error is ours, before anything was sent.
    async fn follow_as_us(
        &self,
        client: &Octocrab,
        method: &str,
        repo: Option<&Repo>,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Result<Answer, PortError>, PortError> {
        let client = match self.token(repo).await? {
            Some(token) => client.user_access_token(token).map_err(|why| PortError::permanent(why.to_string()))?,
            None => client.clone(),
        };
        Ok(self.follow(&client, method, path, body).await)
    }

    /// Who we are to GitHub now.
    pub(super) fn credentials(&self) -> Arc<Credentials> {
        self.credentials.get()
    }

    /// A renamed repository's old address leads to the new one: 301, and 307 or 308 for writes (docs.github.com, "Best
    /// practices for using the REST API"). Followed on the API's own origin only, with the same method and body.
    async fn follow(
        &self,
        client: &Octocrab,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, PortError> {
        let mut answer = send(client, method, path, body).await?;
        for _ in 0..REDIRECTS_MAX {
            let moved = matches!(answer.status.as_u16(), 301 | 307 | 308);
            let location = answer.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
            let Some(to) = location.filter(|_| moved).and_then(|location| self.own_path(location)) else { break };
            answer = send(client, method, &to, body).await?;
        }
        Ok(answer)
    }

    /// The path below the API's address, where it is the API's own.
    fn own_path(&self, location: &str) -> Option<String> {
        let base = self.api.as_str().trim_end_matches('/');
        let to = url::Url::parse(&format!("{base}/")).ok()?.join(location).ok()?;
        if to.origin() != self.api.origin() {
            return None;
        }
        let below = to.path().strip_prefix(self.api.path().trim_end_matches('/'))?;
        Some(to.query().map_or_else(|| below.to_owned(), |query| format!("{below}?{query}")))
    }

    /// A reading call with this very token.
    pub(super) async fn read_as(&self, token: SecretString, path: &str) -> Result<Answer, PortError> {
        self.wait_turn(false)?;
        let client = self.client.user_access_token(token).map_err(|why| PortError::permanent(why.to_string()))?;
        let answer = send(&client, "GET", path, None).await?;
        self.obey(&answer)?;
        if answer.status.is_success() { Ok(answer) } else { Err(refused(&answer)) }
    }

    /// Our own pace, before GitHub has to say so.
    fn wait_turn(&self, creates: bool) -> Result<(), PortError> {
        self.wait_quiet()?;
        if !creates {
            return Ok(());
        }
        for limit in [&self.minute, &self.hour] {
            if let Err(not_yet) = limit.check() {
                return Err(later("too many writes to GitHub", not_yet.wait_time_from(limit.clock().now())));
            }
        }
        Ok(())
    }

    fn wait_quiet(&self) -> Result<(), PortError> {
        let quiet = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = quiet.ms_since(self.clock.now());
        if left > 0 {
            return Err(later("GitHub asked for a pause", Duration::from_millis(left.unsigned_abs())));
        }
        Ok(())
    }

    /// Primary and secondary limits.
    fn obey(&self, answer: &Answer) -> Result<(), PortError> {
        let header = |name: &str| {
            answer.headers.get(name).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<i64>().ok())
        };
        let limited = matches!(answer.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::FORBIDDEN);
        if !limited {
            return Ok(());
        }
        let now = self.clock.now();
        let wait = if let Some(seconds) = header("retry-after") {
            Some(Duration::from_secs(seconds.clamp(1, 3600).unsigned_abs()))
        } else if header("x-ratelimit-remaining") == Some(0) {
            let reset = header("x-ratelimit-reset").unwrap_or(0) * SECOND_MS;
            let left = Time(reset).ms_since(now).clamp(SECOND_MS, 60 * MINUTE_MS);
            Some(Duration::from_millis(left.unsigned_abs()))
        } else if answer.status == StatusCode::TOO_MANY_REQUESTS || answer.message().contains("secondary rate limit") {
            Some(SECONDARY_PAUSE)
        } else {
            None
        };
        let Some(wait) = wait else { return Ok(()) };
        let until = now.plus_ms(i64::try_from(wait.as_millis()).unwrap_or(MINUTE_MS));
        *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        self.health.iter().for_each(|health| health.paused(until));
        tracing::warn!("GitHub's rate limit is reached: pausing for {} s", wait.as_secs());
        Err(later("GitHub's rate limit", wait))
    }

    pub(super) async fn token(&self, repo: Option<&Repo>) -> Result<Option<SecretString>, PortError> {
        match (&*self.credentials(), repo) {
            (Credentials::Nobody, _) => Ok(None),
            (Credentials::Token(token), _) => Ok(Some(token.clone())),
            (Credentials::App { id, key }, None) => {
                let jwt = app_jwt(*id, key, self.clock.now().unix_s()).map_err(PortError::permanent)?;
                Ok(Some(jwt.into()))
            }
            (Credentials::App { .. }, Some(repo)) => self.installation_token(repo).await.map(Some),
        }
    }

    fn slot(&self, repo: &Repo) -> Arc<tokio::sync::Mutex<Option<Token>>> {
        let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tokens.entry(repo.to_string()).or_default())
    }

    async fn forget_token(&self, repo: Option<&Repo>) {
        if let Some(repo) = repo {
            *self.slot(repo).lock().await = None;
        }
    }

    /// Single-flight: ten callers make one token.
    async fn installation_token(&self, repo: &Repo) -> Result<SecretString, PortError> {
        let slot = self.slot(repo);
        let mut kept = slot.lock().await;
        let now = self.clock.now();
        if let Some(token) = kept.as_ref().filter(|token| token.until.ms_since(now) > TOKEN_SLACK_MS) {
            return Ok(token.text.clone());
        }
        let fresh = self.mint(repo).await?;
        let text = fresh.text.clone();
        *kept = Some(fresh);
        Ok(text)
    }

    /// A token for this repository alone.
    async fn mint(&self, repo: &Repo) -> Result<Token, PortError> {
        #[derive(Deserialize)]
        struct Minted {
            token: String,
            expires_at: chrono::DateTime<chrono::Utc>,
        }
        let id = self.installation(repo).await?;
        let body = json!({"repositories": [repo.name()]});
        let path = format!("/app/installations/{id}/access_tokens");
        // A token is no content: GitHub does not count it as such.
        let answer = Box::pin(self.send("POST", None, &path, Some(&body))).await.map_err(|why| match why {
            // Nothing is lost by minting twice.
            PortError::Ambiguous { why } => PortError::transient(why),
            other => other,
        })?;
        if !answer.status.is_success() {
            self.forget_installation(repo);
            return Err(match answer.status {
                StatusCode::NOT_FOUND | StatusCode::UNPROCESSABLE_ENTITY => not_installed(repo, &answer),
                _ => refused(&answer),
            });
        }
        let minted: Minted = answer.json()?;
        Ok(Token { text: minted.token.into(), until: Time(minted.expires_at.timestamp_millis()) })
    }

    /// The App's installation at the repository's owner: an account has one. Single-flight, and looked up once.
    async fn installation(&self, repo: &Repo) -> Result<u64, PortError> {
        #[derive(Deserialize)]
        struct Installation {
            id: u64,
        }
        let slot = {
            let mut all = self.installations.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(all.entry(repo.owner().to_owned()).or_default())
        };
        let mut kept = slot.lock().await;
        if let Some(id) = *kept {
            return Ok(id);
        }
        let answer = Box::pin(self.send("GET", None, &format!("/repos/{repo}/installation"), None)).await?;
        if !answer.status.is_success() {
            return Err(match answer.status {
                StatusCode::NOT_FOUND => not_installed(repo, &answer),
                _ => refused(&answer),
            });
        }
        let id = answer.json::<Installation>()?.id;
        *kept = Some(id);
        Ok(id)
    }

    /// It may have been installed anew since.
    fn forget_installation(&self, repo: &Repo) {
        self.installations.lock().unwrap_or_else(PoisonError::into_inner).remove(repo.owner());
    }

    /// Asks for nothing but who we are: for the doctor.
    ///
    /// # Errors
    /// What GitHub or the network said.
    pub async fn whoami(&self) -> Result<String, PortError> {
        let path = match &*self.credentials() {
            Credentials::Nobody => "/meta",
            Credentials::Token(_) => "/user",
            Credentials::App { .. } => "/app",
        };
        let answer = self.call("GET", None, path, None).await?;
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let value: Value = answer.json()?;
        let name = value.get("login").or_else(|| value.get("slug")).and_then(Value::as_str);
        Ok(name.unwrap_or("nobody").to_owned())
    }

    /// The account that writes what we write.
    pub(super) async fn own_login(&self) -> Result<Option<String>, PortError> {
        Ok(match &*self.credentials() {
            Credentials::Nobody => None,
            Credentials::Token(_) => Some(self.whoami().await?),
            Credentials::App { .. } => Some(format!("{}[bot]", self.slug.get_or_try_init(|| self.whoami()).await?)),
        })
    }
}

/// Whether a call runs a run again or ends it: that creates no content, and must not wait behind comments.
fn steers_a_run(path: &str) -> bool {
    let is = |ending: &str| path.ends_with(ending);
    path.contains("/actions/") && (is("/rerun") || is("/rerun-failed-jobs") || is("/cancel") || is("/force-cancel"))
}

fn not_installed(repo: &Repo, answer: &Answer) -> PortError {
    PortError::permanent(format!("the GitHub App is not installed on {repo}: {}", answer.message()))
}

fn later(why: &str, wait: Duration) -> PortError {
    PortError::Transient { why: format!("{why}: again in {} s", wait.as_secs() + 1), retry_after: Some(wait) }
}

/// A refusal that trying again will not change.
pub(super) fn refused(answer: &Answer) -> PortError {
    let why = format!("GitHub answered {}: {}", answer.status.as_u16(), answer.message());
    match answer.status {
        StatusCode::UNAUTHORIZED => PortError::transient(why),
        _ => PortError::permanent(why),
    }
}

/// octocrab over our own HTTP client: redirects stay visible, nothing is retried behind our back, and an authority of
/// one's own is trusted.
fn octocrab(http: reqwest::Client, base: Uri) -> Octocrab {
    let service = tower::service_fn(move |request: Request<OctoBody>| {
        let http = http.clone();
        async move {
            let request = reqwest::Request::try_from(request.map(reqwest::Body::wrap))?;
            Ok::<Response<reqwest::Body>, reqwest::Error>(http.execute(request).await?.into())
        }
    });
    let headers = vec![
        (header::USER_AGENT, HeaderValue::from_static("ci-rescue")),
        (header::ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (header::HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28")),
    ];
    let built = OctocrabBuilder::new_empty()
        .with_service(service)
        .with_layer(&BaseUriLayer::new(base))
        .with_layer(&ExtraHeadersLayer::new(Arc::new(headers)))
        .with_auth(AuthState::None)
        .build();
    match built {
        Ok(client) => client,
        Err(never) => match never {},
    }
}

async fn send(client: &Octocrab, method: &str, path: &str, body: Option<&Value>) -> Result<Answer, PortError> {
    let sent = match method {
        "GET" => client._get(path).await,
        "POST" => client._post(path, body).await,
        "PATCH" => client._patch(path, body).await,
        "PUT" => client._put(path, body).await,
        _ => client._delete(path, body).await,
    };
    let response = sent.map_err(|why| unsent(method, &why))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = axum::body::to_bytes(axum::body::Body::new(response.into_body()), ANSWER_BYTES_MAX).await;
    let body = body.map_err(|why| {
        let why = format!("GitHub's answer broke off: {why}");
        if method == "GET" { PortError::transient(why) } else { PortError::ambiguous(why) }
    })?;
    Ok(Answer { status, headers, body: body.to_vec() })
}

/// A connection that was never made cannot have written anything.
fn unsent(method: &str, why: &octocrab::Error) -> PortError {
    let mut inner: Option<&(dyn std::error::Error + 'static)> = Some(why);
    let mut connecting = false;
    while let Some(error) = inner {
        connecting |= error.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect);
        inner = error.source();
    }
    let words = format!("{UNREACHED}{}", cause(why));
    if connecting || method == "GET" { PortError::transient(words) } else { PortError::ambiguous(words) }
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitHub").field("api", &self.api.as_str()).finish_non_exhaustive()
    }
}

/// A path segment that cannot leave its place.
pub(super) fn segment(text: &str) -> String {
    let mut url = url::Url::parse("http://x/").expect("an address");
    if let Ok(mut path) = url.path_segments_mut() {
        path.push(text);
    }
    url.path().trim_start_matches('/').to_owned()
}
