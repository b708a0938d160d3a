//! Requests that are refused for what they prove, by where they come from: so many, then 429, and one line in the log a
//! minute. Whoever proves who they are is served, whatever else comes from there.

use super::doors::{Refused, refuse};
use crate::ports::Client;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use governor::clock::Clock as _;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// A sender that is set up wrongly tries that often before somebody looks.
const BURST: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
/// Then as often as this.
const A_MINUTE: NonZeroU32 = NonZeroU32::new(60).expect("not zero");
/// Sources that are told apart; further ones are one.
const SOURCES: usize = 10_000;
/// Between two lines in the log about one source.
const QUIET: Duration = Duration::from_secs(60);
const OTHERS: Client = Client(IpAddr::V4(Ipv4Addr::UNSPECIFIED));

/// What was told of a source, and since.
struct Told {
    at: Instant,
    since: u64,
}

/// The refusals of a listener.
pub struct Refusals {
    limit: DefaultKeyedRateLimiter<Client>,
    told: Mutex<HashMap<Client, Told>>,
}

impl Default for Refusals {
    fn default() -> Self {
        let quota = Quota::per_minute(A_MINUTE).allow_burst(BURST);
        Self { limit: RateLimiter::hashmap(quota), told: Mutex::default() }
    }
}

/// By what the request should have proved where it comes from.
fn proof(path: &str) -> &'static str {
    let is = |starts: &[&str]| starts.iter().any(|start| path.starts_with(start));
    if is(&["/webhooks/", "/slack/", "/discord/"]) {
        "signature"
    } else if is(&["/api/", "/hooks/", "/metrics"]) {
        "token"
    } else {
        "sign-in"
    }
}

impl Refusals {
    /// The answer as it goes out: one that refuses too often becomes 429.
    pub fn passed(&self, client: Client, path: &str, answer: Response<Body>) -> Response<Body> {
        if answer.status() != StatusCode::UNAUTHORIZED {
            return answer;
        }
        let why = answer.extensions().get::<Refused>().map_or("not signed in", |why| &why.0);
        let source = self.tell(client, path, why);
        let over = self.limit.check_key(&source).err();
        let outcome = if over.is_some() { "limited" } else { "refused" };
        let by = proof(path);
        metrics::counter!("ci_rescue_requests_refused_total", "proof" => by, "outcome" => outcome).increment(1);
        let Some(over) = over else { return answer };
        let seconds = over.wait_time_from(self.limit.clock().now()).as_secs() + 1;
        let why =
            format!("too many requests from this address were refused: wait {seconds} s, and send what is asked for");
        let mut answer = refuse(StatusCode::TOO_MANY_REQUESTS, why);
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        answer
    }

    /// One line a source and minute. Answers under whom it counts.
    fn tell(&self, client: Client, path: &str, why: &str) -> Client {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= SOURCES && !told.contains_key(&client) {
            told.retain(|_, told| now.duration_since(told.at) < QUIET);
            self.limit.retain_recent();
        }
        let source = if told.len() < SOURCES || told.contains_key(&client) { client } else { OTHERS };
        match told.get_mut(&source) {
            Some(told) if now.duration_since(told.at) < QUIET => told.since += 1,
            before => {
                let more = before.map_or(0, |told| told.since);
                told.insert(source, Told { at: now, since: 0 });
                let path = crate::domain::text::clean_line(path, 80);
                tracing::info!(from = %source.0, path, why, more, "refused a request; further ones are counted for a minute");
            }
        }
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u32) -> Client {
        Client(Ipv4Addr::from(n).into())
    }

    fn passed(all: &Refusals, client: Client, status: StatusCode) -> u16 {
        let mut answer = Response::new(Body::empty());
        *answer.status_mut() = status;
        let answer = all.passed(client, "/webhooks/github", answer);
        let limited = answer.status() == StatusCode::TOO_MANY_REQUESTS;
        assert_eq!(answer.headers().contains_key(header::RETRY_AFTER), limited);
        answer.status().as_u16()
    }

    #[test]
    fn only_refusals_count_and_each_source_has_its_own() {
        let all = Refusals::default();
        let first: Vec<u16> = (0..BURST.get()).map(|_| passed(&all, client(1), StatusCode::UNAUTHORIZED)).collect();
        assert!(first.iter().all(|status| *status == 401));
        assert_eq!(passed(&all, client(1), StatusCode::UNAUTHORIZED), 429);
        for status in [StatusCode::ACCEPTED, StatusCode::BAD_REQUEST, StatusCode::NOT_FOUND] {
            assert_eq!(passed(&all, client(1), status), status.as_u16(), "what is good, or bad in another way, passes");
        }
        assert_eq!(passed(&all, client(2), StatusCode::UNAUTHORIZED), 401);
    }

    #[test]
    fn the_table_is_bounded() {
        let all = Refusals::default();
        let many = u32::try_from(SOURCES).unwrap() + 2 * BURST.get();
        let answers: Vec<u16> = (1..=many).map(|n| passed(&all, client(n), StatusCode::UNAUTHORIZED)).collect();
        assert!(answers[..SOURCES].iter().all(|status| *status == 401));
        assert_eq!(answers.last(), Some(&429), "those beyond are one");
        assert!(all.told.lock().unwrap().len() <= SOURCES + 1 && all.limit.len() <= SOURCES + 1);
        assert_eq!(passed(&all, client(1), StatusCode::UNAUTHORIZED), 401, "who was there has its own still");
    }
}
