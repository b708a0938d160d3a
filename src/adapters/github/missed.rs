//! Runs that no webhook told of: listed, and told as their webhooks would have told them.

use super::api::GitHub;
use crate::domain::ids::{Digest, Repo, RunId};
use crate::domain::time::Time;
use crate::ports::{Delivery, Origin, PortError, Since};
use serde_json::{Value, json};

const PAGE: usize = 100;
/// GitHub shows the newest thousand of one search.
const PAGES_MAX: usize = 10;
/// Searches of a thousand runs each that one look makes at most.
const SEARCHES_MAX: usize = 10;

/// What ended since then, the oldest first: an attempt that passed comes after the one that failed before it.
pub async fn recent(github: &GitHub, repo: &Repo, since: Since) -> Result<Vec<Delivery>, PortError> {
    let mut runs = listed(github, repo, since.created).await?;
    runs.retain(|run| time(run, "updated_at").is_none_or(|at| at >= since.ended));
    if runs.is_empty() {
        return Ok(Vec::new());
    }
    runs.sort_by_key(|run| (time(run, "updated_at"), run.get("id").and_then(Value::as_u64)));
    let repository: Value = github.get(repo, &format!("/repos/{repo}")).await?;
    let now = github.clock.now();
    Ok(runs.iter().filter_map(|run| as_webhook(repo, run, &repository, now)).collect())
}

/// The end of one run's newest attempt; `None` while it is going.
pub async fn one(github: &GitHub, repo: &Repo, run: RunId) -> Result<Option<Delivery>, PortError> {
    let run: Value = github.get(repo, &format!("/repos/{repo}/actions/runs/{run}")).await?;
    if run.get("status").and_then(Value::as_str) != Some("completed") {
        return Ok(None);
    }
    let repository: Value = github.get(repo, &format!("/repos/{repo}")).await?;
    Ok(as_webhook(repo, &run, &repository, github.clock.now()))
}

/// Completed runs that were created since `from`. Where one search does not show them all, the next one goes on with
/// those that are older.
async fn listed(github: &GitHub, repo: &Repo, from: Time) -> Result<Vec<Value>, PortError> {
    let from = chrono::DateTime::from_timestamp_millis(from.0).unwrap_or_default();
    let from = from.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (mut all, mut created) = (Vec::new(), format!(">={from}"));
    for _ in 0..SEARCHES_MAX {
        let found = search(github, repo, &created).await?;
        let oldest = found.last().and_then(|run| run.get("created_at")?.as_str()).map(|at| format!("{from}..{at}"));
        let all_shown = found.len() < PAGE * PAGES_MAX;
        all.extend(found);
        match oldest.filter(|older| !all_shown && *older != created) {
            Some(older) => created = older,
            None => break,
        }
    }
    Ok(all)
}

/// The newest first.
async fn search(github: &GitHub, repo: &Repo, created: &str) -> Result<Vec<Value>, PortError> {
    let mut all = Vec::new();
    for page in 1..=PAGES_MAX {
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("status", "completed")
            .append_pair("created", created)
            .append_pair("per_page", &PAGE.to_string())
            .append_pair("page", &page.to_string())
            .finish();
        let mut answer: Value = github.get(repo, &format!("/repos/{repo}/actions/runs?{query}")).await?;
        let runs = match answer.get_mut("workflow_runs").map(Value::take) {
            Some(Value::Array(runs)) => runs,
            _ => Vec::new(),
        };
        let last = runs.len() < PAGE;
        all.extend(runs);
        if last {
            break;
        }
    }
    Ok(all)
}

fn time(run: &Value, key: &str) -> Option<Time> {
    let at = chrono::DateTime::parse_from_rfc3339(run.get(key)?.as_str()?).ok()?;
    Some(Time(at.timestamp_millis()))
}

/// The same decoder reads both.
fn as_webhook(repo: &Repo, run: &Value, repository: &Value, now: Time) -> Option<Delivery> {
    let (id, attempt) = (run.get("id")?.as_u64()?, run.get("run_attempt").and_then(Value::as_u64).unwrap_or(1));
    let sender = run.get("actor").cloned().unwrap_or(Value::Null);
    let body =
        json!({"action": "completed", "workflow_run": run, "repository": repository, "sender": sender}).to_string();
    Some(Delivery {
        id: format!("github:poll-{repo}-{id}-{attempt}"),
        source: "github".into(),
        kind: "workflow_run".into(),
        origin: Origin::Internal,
        at: now,
        hash: Digest::of([body.as_bytes()]),
        body,
    })
}
