//! What Slack's errors mean.

use crate::ports::{Integration, PortError, cause};
use slack_morphism::errors::SlackClientError;
use std::time::Duration;

/// Our token is refused, whatever the call.
const REFUSED: [&str; 5] = ["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"];
/// The operator can fix these, too: wait rather than give up.
const MENDABLE: [&str; 4] = ["missing_scope", "not_in_channel", "channel_not_found", "is_archived"];
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
    if REFUSED.contains(&code) || MENDABLE.contains(&code) {
        return PortError::Transient { why: words, retry_after: Some(MEND_PAUSE) };
    }
    if UNSURE.contains(&code) { PortError::ambiguous(words) } else { PortError::permanent(words) }
}

/// What a call tells of Slack itself: an error code is an answer, too.
pub fn report(health: &Integration, why: Option<&SlackClientError>) {
    match why {
        Some(SlackClientError::ApiError(error)) if REFUSED.contains(&error.code.as_str()) => {
            health.down(&format!("Slack says {}", error.code));
        }
        Some(SlackClientError::ApiError(error)) if UNSURE.contains(&error.code.as_str()) => {
            health.failed(&format!("Slack says {}", error.code));
        }
        None | Some(SlackClientError::RateLimitError(_) | SlackClientError::ApiError(_)) => health.answered(),
        Some(SlackClientError::HttpError(error)) if !error.status_code.is_server_error() => health.answered(),
        Some(SlackClientError::HttpError(error)) => {
            health.failed(&format!("Slack answered {}", error.status_code.as_u16()));
        }
        Some(SlackClientError::HttpProtocolError(error)) => match &error.cause {
            Some(inner) => health.down(&cause(&**inner)),
            None => health.down("the connection failed"),
        },
        Some(SlackClientError::ProtocolError(_)) => health.failed("Slack's answer cannot be read"),
        Some(_) => health.failed("Slack cannot be reached"),
    }
}
