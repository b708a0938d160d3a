//! What Slack's errors mean.

use crate::domain::barrier::Barrier;
use crate::ports::{Integration, PortError, cause};
use slack_morphism::errors::SlackClientError;
use std::time::Duration;

/// Our token is refused, whatever the call.
const REFUSED: [&str; 5] = ["invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive"];
/// Somebody can fix these, too (docs.slack.dev, "chat.postMessage", "Errors").
fn barrier(code: &str) -> Option<Barrier> {
    Some(match code {
        code if REFUSED.contains(&code) => Barrier::Token,
        "missing_scope" => Barrier::Scope,
        "is_archived" => Barrier::Archived,
        "channel_not_found" => Barrier::Missing,
        "not_in_channel" => Barrier::NotMember,
        "restricted_action"
        | "restricted_action_read_only_channel"
        | "restricted_action_thread_only_channel"
        | "restricted_action_non_threadable_channel"
        | "no_permission"
        | "access_denied"
        | "team_access_not_granted"
        | "ekm_access_denied" => Barrier::Forbidden,
        _ => return None,
    })
}

/// Somebody deleted the message.
const GONE: [&str; 2] = ["message_not_found", "thread_not_found"];
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
            let why = format!("Slack answered {}", error.status_code.as_u16());
            // A proxy or the edge of a network answers in its own words: that is no answer of Slack's.
            if is_slacks(error.http_response_body.as_deref()) {
                PortError::permanent(why)
            } else {
                PortError::transient(why)
            }
        }
        SlackClientError::ProtocolError(_) => PortError::ambiguous("Slack's answer cannot be read"),
        _ => PortError::ambiguous("Slack cannot be reached"),
    }
}

/// Slack's own answers are JSON and say whether they are `ok`.
fn is_slacks(body: Option<&str>) -> bool {
    let body: Option<serde_json::Value> = body.and_then(|body| serde_json::from_str(body).ok());
    body.is_some_and(|body| body.get("ok").is_some_and(serde_json::Value::is_boolean))
}

fn of_code(code: &str) -> PortError {
    let words = format!("Slack says {}", crate::domain::text::clean_line(code, 60));
    if code == "ratelimited" {
        return PortError::Transient { why: words, retry_after: Some(RATE_PAUSE) };
    }
    if let Some(barrier) = barrier(code) {
        return PortError::fixable(barrier, words);
    }
    if GONE.contains(&code) {
        return PortError::Gone { why: words };
    }
    if UNSURE.contains(&code) { PortError::ambiguous(words) } else { PortError::permanent(words) }
}

/// Whether Slack refuses our token.
pub fn is_refused(why: &SlackClientError) -> bool {
    matches!(why, SlackClientError::ApiError(error) if REFUSED.contains(&error.code.as_str()))
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
