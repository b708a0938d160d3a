//! Whether GitHub answers, and how many calls it still allows.

use super::GitHub;
use super::api::{Answer, UNREACHED};
use crate::domain::ids::Repo;
use crate::ports::PortError;
use axum::http::StatusCode;
use metrics::gauge;

/// The account of calls that belong to no repository.
const APP: &str = "app";
/// GitHub's names of quotas are short words.
const RESOURCE_MAX: usize = 40;

impl GitHub {
    pub(super) fn report(&self, sent: &Result<Answer, PortError>, repo: Option<&Repo>) {
        let Some(health) = &self.health else { return };
        match sent {
            Err(why) => match why.why().strip_prefix(UNREACHED) {
                Some(cause) => health.down(cause),
                None => health.failed(why.why()),
            },
            Ok(answer) if answer.status == StatusCode::UNAUTHORIZED || answer.status.is_server_error() => {
                health.failed(&format!("GitHub answered {}: {}", answer.status.as_u16(), answer.message()));
            }
            Ok(_) => health.answered(),
        }
        if let Ok(answer) = sent {
            quota(answer, repo.map_or(APP, |repo| repo.owner()));
        }
    }
}

/// docs.github.com, "Rate limits for the REST API": each installation has quotas of its own.
fn quota(answer: &Answer, owner: &str) {
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let number = |name: &str| header(name).and_then(|text| text.parse::<u32>().ok()).map(f64::from);
    let plain = |word: &&str| word.len() <= RESOURCE_MAX && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    let resource = header("x-ratelimit-resource").filter(plain).unwrap_or("core");
    for (name, value) in [
        ("ci_rescue_github_quota_remaining", number("x-ratelimit-remaining")),
        ("ci_rescue_github_quota_limit", number("x-ratelimit-limit")),
        ("ci_rescue_github_quota_reset_timestamp_seconds", number("x-ratelimit-reset")),
    ] {
        if let Some(value) = value {
            gauge!(name, "owner" => owner.to_owned(), "resource" => resource.to_owned()).set(value);
        }
    }
}
