//! REST calls by Discord's rules (discord.com/developers, "Rate Limits"): limits per route from the answers' headers, 50
//! calls a second for the bot, and no second try of what was refused.

use crate::domain::barrier::Barrier;
use crate::domain::time::Time;
use crate::ports::{Clock, Integration, PortError, Renewable, Sealer, cause};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const CALLS_A_SECOND: NonZeroU32 = NonZeroU32::new(50).expect("not zero");
const CALL_TIME: Duration = Duration::from_secs(15);
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// A pause that Discord does not name.
const RATE_PAUSE: Duration = Duration::from_secs(5);

pub struct Settings {
    /// Ends in `/api/v10`.
    pub api_url: String,
    pub bot_token: Renewable<SecretString>,
    pub clock: Arc<dyn Clock>,
}

/// The client.
pub struct Rest {
    http: reqwest::Client,
    api: String,
    token: Renewable<SecretString>,
    clock: Arc<dyn Clock>,
    pace: DefaultDirectRateLimiter,
    /// Routes that are used up, and until when by the clock's elapsed milliseconds; the empty name is all of them.
    quiet: Mutex<HashMap<String, i64>>,
    sealer: Arc<Sealer>,
    health: Option<Arc<Integration>>,
}

/// Why a call failed: Discord's own code (0 where there is none), and what follows from it.
#[derive(Debug)]
pub struct Failure {
    pub code: u64,
    pub error: PortError,
}

impl From<PortError> for Failure {
    fn from(error: PortError) -> Self {
        Self { code: 0, error }
    }
}

impl From<Failure> for PortError {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

/// discord.com/developers, "JSON Error Codes".
pub mod code {
    pub const UNKNOWN_CHANNEL: u64 = 10_003;
    pub const UNKNOWN_GUILD: u64 = 10_004;
    pub const UNKNOWN_MESSAGE: u64 = 10_008;
    pub const UNKNOWN_WEBHOOK: u64 = 10_015;
    pub const UNKNOWN_INTERACTION: u64 = 10_062;
    pub const CANNOT_MESSAGE_USER: u64 = 50_007;
    pub const INVALID_WEBHOOK_TOKEN: u64 = 50_027;
    pub const THREAD_ARCHIVED: u64 = 50_083;
    pub const THREAD_LOCKED: u64 = 160_005;
    pub const THREAD_EXISTS: u64 = 160_004;
}

fn limited(pause: Duration) -> Failure {
    PortError::Transient { why: "Discord's rate limit".into(), retry_after: Some(pause) }.into()
}

/// Where a call goes. `bucket` names the route with its major parameter: Discord counts by it.
pub struct Route {
    pub method: Method,
    pub path: String,
    pub bucket: String,
}

impl Route {
    pub fn new(method: Method, path: String) -> Self {
        // The first id is the major parameter; later ones do not count.
        let route = path.split('?').next().unwrap_or_default().split('/').enumerate();
        let is_id = |at: usize, part: &str| at > 2 && !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        let bucket: Vec<&str> = route.map(|(at, part)| if is_id(at, part) { "{id}" } else { part }).collect();
        let bucket = format!("{method} {}", bucket.join("/"));
        Self { method, path, bucket }
    }
}

impl Rest {
    /// # Errors
    /// The address is not one, or TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, String> {
        url::Url::parse(&settings.api_url).map_err(|why| format!("discord.api_url: {why}"))?;
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(CALL_TIME)
            .user_agent(concat!("DiscordBot (https://github.com/ci-rescue, ", env!("CARGO_PKG_VERSION"), ")"))
            .build()
            .map_err(|why| why.to_string())?;
        Ok(Self {
            http,
            api: settings.api_url.trim_end_matches('/').to_owned(),
            sealer: Arc::new(Sealer::new(&settings.bot_token.get())),
            token: settings.bot_token,
            clock: settings.clock,
            pace: RateLimiter::direct(Quota::per_second(CALLS_A_SECOND)),
            quiet: Mutex::default(),
            health: None,
        })
    }

    #[must_use]
    pub fn now(&self) -> Time {
        self.clock.now()
    }

    /// Closes and opens what interactions are answered by.
    #[must_use]
    pub fn sealer(&self) -> Arc<Sealer> {
        Arc::clone(&self.sealer)
    }

    /// Reports how calls end.
    #[must_use]
    pub fn watched(self, health: Arc<Integration>) -> Self {
        Self { health: Some(health), ..self }
    }

    fn quiet(&self) -> MutexGuard<'_, HashMap<String, i64>> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long this route has to rest. Answers to people do not count towards the bot's own limit.
    fn rest(&self, bucket: &str, answer: bool) -> Option<Duration> {
        let now = self.clock.elapsed_ms();
        let mut quiet = self.quiet();
        quiet.retain(|_, until| *until > now);
        let everywhere = quiet.get("").copied().filter(|_| !answer);
        let until = quiet.get(bucket).copied().max(everywhere)?;
        Some(Duration::from_millis(u64::try_from(until - now).unwrap_or(0)))
    }

    /// A call as the bot. An answer without a body is null.
    ///
    /// # Errors
    /// What it means for whoever asked: see [`PortError`].
    pub async fn call(&self, route: Route, body: Option<&Value>) -> Result<Value, Failure> {
        let answer = route.path.starts_with("/interactions/") || route.path.starts_with("/webhooks/");
        if let Some(pause) = self.rest(&route.bucket, answer) {
            return Err(limited(pause));
        }
        if !answer {
            self.pace.until_ready().await;
        }
        let reads = route.method == Method::GET;
        let used = self.token.get();
        let token = format!("Bot {}", used.expose_secret());
        let mut request = self.http.request(route.method, format!("{}{}", self.api, route.path));
        request = request.header("authorization", token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let sent = request.send().await;
        let is_refused = sent.as_ref().is_ok_and(|answer| answer.status() == StatusCode::UNAUTHORIZED);
        if is_refused && !answer && self.token.refused(&used) {
            return Err(PortError::transient("Discord refused the token; there is another now").into());
        }
        self.report(&sent);
        let answer = sent.map_err(|why| lost(&why, reads))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let number =
            |name: &str| headers.get(name)?.to_str().ok()?.parse::<f64>().ok().filter(|n| (0.0..86_400.0).contains(n));
        let spent = headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0");
        if let Some(after) = number("x-ratelimit-reset-after").filter(|_| spent) {
            self.hush(route.bucket.clone(), Duration::from_secs_f64(after));
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            let pause = number("retry-after").map_or(RATE_PAUSE, Duration::from_secs_f64);
            let everywhere = headers.contains_key("x-ratelimit-global");
            self.hush(if everywhere { String::new() } else { route.bucket }, pause);
            return Err(limited(pause));
        }
        let value =
            read(answer).await.map_err(|why| if reads { PortError::transient(why) } else { PortError::ambiguous(why) });
        if status.is_success() { Ok(value?) } else { Err(refused(status, &value.unwrap_or_default(), reads)) }
    }

    fn report(&self, sent: &Result<reqwest::Response, reqwest::Error>) {
        let Some(health) = &self.health else { return };
        match sent {
            Err(why) if why.is_timeout() && !why.is_connect() => health.failed("Discord did not answer in time"),
            Err(why) => health.down(&cause(why)),
            Ok(answer) if answer.status().is_server_error() || answer.status() == StatusCode::UNAUTHORIZED => {
                health.failed(&format!("Discord answered {}", answer.status().as_u16()));
            }
            Ok(_) => health.answered(),
        }
    }

    fn hush(&self, bucket: String, pause: Duration) {
        let until = self.clock.elapsed_ms().saturating_add(i64::try_from(pause.as_millis()).unwrap_or(i64::MAX));
        self.quiet().insert(bucket, until);
    }
}

async fn read(mut answer: reqwest::Response) -> Result<Value, String> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| "Discord's answer broke off".to_owned())? {
        if bytes.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err("Discord's answer is too large".into());
        }
        bytes.extend_from_slice(&chunk);
    }
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&bytes).map_err(|_| "Discord's answer cannot be read".into())
}

fn lost(why: &reqwest::Error, reads: bool) -> PortError {
    if reads || why.is_connect() {
        PortError::transient("Discord cannot be reached")
    } else {
        PortError::ambiguous("Discord did not answer in time")
    }
}

/// Only Discord's own code and message are shown, cleaned.
fn refused(status: StatusCode, body: &Value, reads: bool) -> Failure {
    let code = body.get("code").and_then(Value::as_u64).unwrap_or(0);
    let message = body.get("message").and_then(Value::as_str).unwrap_or("no message");
    let why =
        format!("Discord answered {} ({code}): {}", status.as_u16(), crate::domain::text::clean_line(message, 120));
    // A proxy or the edge of a network answers in its own words: that is no answer of Discord's.
    let discords = body.get("message").is_some_and(Value::is_string);
    let error = match status {
        // An interaction's token expires after 15 minutes; a retry cannot help.
        StatusCode::UNAUTHORIZED if code == code::INVALID_WEBHOOK_TOKEN => PortError::permanent(why),
        status if status.is_server_error() && reads => PortError::transient(why),
        status if status.is_server_error() => PortError::ambiguous(why),
        _ if !discords => PortError::transient(why),
        // Repeated refusals get a bot blocked: only the operator can fix these.
        StatusCode::UNAUTHORIZED => PortError::fixable(Barrier::Token, why),
        StatusCode::FORBIDDEN if code == code::CANNOT_MESSAGE_USER => PortError::permanent(why),
        StatusCode::FORBIDDEN => PortError::fixable(Barrier::Forbidden, why),
        _ if matches!(code, code::UNKNOWN_CHANNEL | code::UNKNOWN_GUILD) => PortError::fixable(Barrier::Missing, why),
        _ if code == code::UNKNOWN_MESSAGE => PortError::Gone { why },
        _ => PortError::permanent(why),
    };
    Failure { code, error }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_hold_the_major_parameter_and_no_more() {
        for (path, bucket) in [
            ("/channels/1/messages/2", "PATCH /channels/1/messages/{id}"),
            ("/channels/1/messages/3", "PATCH /channels/1/messages/{id}"),
            ("/channels/1/messages/3/threads", "PATCH /channels/1/messages/{id}/threads"),
            ("/webhooks/1/tok/messages/@original", "PATCH /webhooks/1/tok/messages/@original"),
            ("/applications/1/commands", "PATCH /applications/1/commands"),
            ("/channels/1/messages?limit=100", "PATCH /channels/1/messages"),
        ] {
            assert_eq!(Route::new(Method::PATCH, path.into()).bucket, bucket);
        }
    }
}
