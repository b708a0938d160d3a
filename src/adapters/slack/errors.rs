//! What Slack's errors mean.

use crate::ports::PortError;
use slack_morphism::errors::SlackClientError;
use std::time::Duration;

/// The operator can mend these: wait rather than give up.
const MENDABLE: [&str; 9] = [
    "invalid_auth",
    "not_authed",
    "token_revoked",
    "token_expired",
    "account_inactive",
    "missing_scope",
    "not_in_channel",
    "channel_not_found",
    "is_archived",
];
const MEND_PAUSE: Duration = Duration::from_secs(300);
/// Slack may have done it all the same.
const UNSURE: [&str; 5] =
    ["internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"];
const RATE_PAUSE: Duration = Duration::from_secs(10);

/// Only Slack's own code is shown: bodies may carry anything.
pub fn of(why: &SlackClientError) -> PortError {
    match why {
        SlackClientError::RateLimitError(limit) => PortError::Transient {
            why: "Slack's rate limit".into(),
            retry_after: Some(limit.retry_after.unwrap_or(RATE_PAUSE)),
        },
        SlackClientError::ApiError(error) => of_code(&error.code),
        SlackClientError::HttpError(error) if error.status_code.is_server_error() => {
            PortError::ambiguous(format!("Slack answered {}", error.status_code.as_u16()))
        }
        SlackClientError::HttpError(error) => {
            PortError::permanent(format!("Slack answered {}", error.status_code.as_u16()))
        }
        SlackClientError::ProtocolError(_) => PortError::ambiguous("Slack's answer cannot be read"),
        _ => PortError::ambiguous("Slack cannot be reached"),
    }
}

fn of_code(code: &str) -> PortError {
    let words = format!("Slack says {}", crate::domain::text::clean_line(code, 60));
    if code == "ratelimited" {
        return PortError::Transient { why: words, retry_after: Some(RATE_PAUSE) };
    }
    if MENDABLE.contains(&code) {
        return PortError::Transient { why: words, retry_after: Some(MEND_PAUSE) };
    }
    if UNSURE.contains(&code) { PortError::ambiguous(words) } else { PortError::permanent(words) }
}
