//! From read words to an intent: one arm per intent.

use super::parse::Words;
use crate::domain::ids::IncidentNo;
use crate::domain::intent::{Intent, Target, Which};
use crate::domain::subscription::Filter;
use std::time::Duration;

/// Nobody wants to be without cards for longer.
const MUTE_MAX: Duration = Duration::from_secs(7 * 24 * 3_600);

/// Milliseconds; 0 for `off`.
fn span(text: &str) -> Result<i64, String> {
    let span =
        if text == "off" { Duration::ZERO } else { humantime::parse_duration(text).map_err(|why| why.to_string())? };
    if span > MUTE_MAX {
        return Err("at most seven days, 7d".into());
    }
    i64::try_from(span.as_millis()).map_err(|_| "at most seven days, 7d".into())
}

/// # Errors
/// A sentence that says what is missing.
pub fn intent(name: &str, mut words: Words, here: Option<IncidentNo>) -> Result<Intent, String> {
    let mut take = |key: &str| words.text.remove(key);
    let flag = |value: Option<String>| value.is_some();
    let target = match (words.target, here) {
        (Some(target), _) => Ok(target),
        (None, Some(no)) => Ok(Target::Incident(no)),
        (None, None) => Err("say which incident: its number stands on the card".to_owned()),
    };
    Ok(match name {
        "help" => Intent::Help { topic: take("command") },
        "list" => Intent::List { repo: take("repo").and_then(|repo| repo.parse().ok()), stage: take("stage") },
        "show" => Intent::Show { target: target? },
        "why" => Intent::Why { target: target? },
        "retry" => {
            let which = match (take("job"), take("which").as_deref()) {
                (Some(_), Some(_)) => return Err("say either job= or which jobs, not both".into()),
                (Some(job), None) => Which::Job(job.into()),
                (None, Some("all")) => Which::All,
                (None, Some(_)) => Which::Failed,
                (None, None) => Which::Smallest,
            };
            Intent::Retry { target: target?, which, force: flag(take("force")), dry_run: flag(take("dry-run")) }
        }
        "approve" => Intent::Approve { target: target? },
        "reject" => Intent::Reject { target: target?, reason: take("reason").map(Into::into) },
        "cancel" => Intent::Cancel { target: target? },
        "hold" => Intent::Hold { reason: take("reason").map(Into::into) },
        "unhold" => Intent::Unhold,
        "subscribe" => Intent::Subscribe {
            filter: Filter {
                repo: take("repo"),
                branch: take("branch"),
                workflow: take("workflow"),
                conclusion: take("conclusion"),
                severity: take("severity").and_then(|word| serde_json::from_value(word.into()).ok()),
                owner: take("owner"),
            },
        },
        "unsubscribe" => Intent::Unsubscribe { repo: take("repo").and_then(|repo| repo.parse().ok()) },
        "mute" => Intent::Mute { for_ms: span(take("for").as_deref().unwrap_or("off"))? },
        "subscriptions" => Intent::Subscriptions,
        other => return Err(format!("no intent is called {other}")),
    })
}
