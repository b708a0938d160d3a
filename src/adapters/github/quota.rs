//! How many calls of this hour are left, as GitHub tells with every answer (docs.github.com, "Rate limits for the REST
//! API"): each installation has a limit of its own.

use crate::domain::ids::Repo;
use crate::domain::time::{HOUR_MS, SECOND_MS, Time};
use axum::http::HeaderMap;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The share of an hour's calls that work which nobody waits for leaves to others.
const KEPT: u64 = 2;

#[derive(Clone, Copy)]
struct Quota {
    left: u64,
    limit: u64,
    /// When a new hour begins.
    reset: Time,
}

/// By owner, as installations are.
#[derive(Default)]
pub struct Quotas(Mutex<HashMap<String, Quota>>);

impl Quotas {
    pub fn note(&self, repo: &Repo, headers: &HeaderMap) {
        let number = |name: &str| headers.get(name)?.to_str().ok()?.parse::<u64>().ok();
        // Searches and GraphQL are counted apart.
        if headers.get("x-ratelimit-resource").is_some_and(|resource| resource != "core") {
            return;
        }
        let (Some(left), Some(limit), Some(reset)) =
            (number("x-ratelimit-remaining"), number("x-ratelimit-limit"), number("x-ratelimit-reset"))
        else {
            return;
        };
        let reset = Time(i64::try_from(reset).unwrap_or(0).saturating_mul(SECOND_MS));
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(repo.owner().to_owned(), Quota { left, limit, reset });
    }

    /// How long to wait until more than half of an hour's calls are left.
    pub fn spare(&self, repo: &Repo, now: Time) -> Option<Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let quota = all.get(repo.owner())?;
        let wait = quota.reset.ms_since(now).min(HOUR_MS);
        (quota.left < quota.limit / KEPT && wait > 0).then(|| Duration::from_millis(wait.unsigned_abs()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_an_hours_calls_is_left_to_others() {
        let quotas = Quotas::default();
        let repo: Repo = "acme/shop".parse().unwrap();
        assert_eq!(quotas.spare(&repo, Time(0)), None, "nothing is known yet");
        let told = |left: &str| {
            [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", left), ("x-ratelimit-reset", "60")]
                .into_iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect()
        };
        quotas.note(&repo, &told("2500"));
        assert_eq!(quotas.spare(&repo, Time(0)), None);
        quotas.note(&repo, &told("2499"));
        assert_eq!(quotas.spare(&repo, Time(0)), Some(Duration::from_secs(60)));
        assert_eq!(quotas.spare(&"other/shop".parse().unwrap(), Time(0)), None);
        assert_eq!(quotas.spare(&repo, Time(60_000)), None, "a new hour has begun");
        let mut search: HeaderMap = told("1");
        search.insert("x-ratelimit-resource", "search".parse().unwrap());
        quotas.note(&repo, &search);
        assert_eq!(quotas.spare(&repo, Time(30_000)), Some(Duration::from_secs(30)));
        let odd = [("x-ratelimit-limit".parse().unwrap(), "many".parse().unwrap())].into_iter().collect();
        quotas.note(&repo, &odd);
    }
}
