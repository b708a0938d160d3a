//! Merge queues: GraphQL, as far as the bot speaks it, and what the queue tells.

use super::hooks::account;
use super::routes::refuse;
use super::state::{Forge, Pull, State as Known};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The merge queue of a repository.
#[derive(Clone, Debug, Default)]
pub struct Queue {
    /// Its branches have one.
    pub enabled: bool,
    /// Pull requests in it.
    pub entries: BTreeSet<u64>,
    /// Who opened which pull request.
    pub authors: BTreeMap<u64, String>,
    /// How the next calls to add one are answered: whether it happens, the status, and the body.
    pub answers: VecDeque<(bool, u16, Value)>,
    /// How often one was added.
    pub added: usize,
}

#[derive(Deserialize)]
pub struct Asked {
    query: String,
    #[serde(default)]
    variables: Value,
}

fn id_of(name: &str, number: u64) -> String {
    format!("PR_{}_{number}", name.replace('/', "_"))
}

/// GraphQL says what is wrong in an answer of status 200.
fn wrong(kind: &str, message: &str) -> Response {
    Json(json!({"data": null, "errors": [{"type": kind, "message": message}]})).into_response()
}

pub async fn graphql(State(forge): State<Forge>, Json(asked): Json<Asked>) -> Response {
    let mut state = forge.lock();
    let text = |key: &str| asked.variables.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    if asked.query.contains("enqueuePullRequest(input:") {
        return add(&mut state, &text("id"), &text("head"));
    }
    if !asked.query.contains("isInMergeQueue") {
        return refuse(400, "Problems parsing JSON");
    }
    let name = format!("{}/{}", text("owner"), text("name"));
    let number = asked.variables.get("number").and_then(Value::as_u64).unwrap_or(0);
    let Some(repo) = state.repos.get(&name) else {
        return wrong("NOT_FOUND", "Could not resolve to a Repository with this name.");
    };
    let Some(pull) = repo.pulls.iter().find(|pull| pull.number == number) else {
        return wrong("NOT_FOUND", &format!("Could not resolve to a PullRequest with the number of {number}."));
    };
    let stands = if pull.open {
        "OPEN"
    } else if pull.merged.is_some() {
        "MERGED"
    } else {
        "CLOSED"
    };
    let author = repo.queue.authors.get(&number).map(|login| json!({"login": login}));
    Json(json!({"data": {"repository": {"pullRequest": {
        "id": id_of(&name, number), "headRefOid": head_of(&state, &name, pull), "state": stands, "isDraft": pull.draft,
        "isInMergeQueue": repo.queue.entries.contains(&number), "isMergeQueueEnabled": repo.queue.enabled, "author": author,
    }}}}))
    .into_response()
}

fn head_of(state: &Known, name: &str, pull: &Pull) -> String {
    state.repos.get(name).and_then(|repo| repo.branches.get(&pull.head)).cloned().unwrap_or_default()
}

fn add(state: &mut Known, id: &str, head: &str) -> Response {
    let found = state.repos.iter().find_map(|(name, repo)| {
        let pull = repo.pulls.iter().find(|pull| id_of(name, pull.number) == id)?;
        Some((name.clone(), pull.clone()))
    });
    let Some((name, pull)) = found else { return wrong("NOT_FOUND", "Could not resolve to a node with the global id") };
    let stands = head_of(state, &name, &pull);
    let Some(repo) = state.repos.get_mut(&name) else { return refuse(404, "Not Found") };
    let planted = repo.queue.answers.pop_front();
    if planted.as_ref().is_none_or(|(happens, ..)| *happens) {
        let why = if !pull.open {
            "Pull request is closed"
        } else if stands != head {
            "Head branch is out of date"
        } else if !repo.queue.enabled {
            "The merge queue is not enabled"
        } else if repo.queue.entries.contains(&pull.number) {
            "Pull request is already in the queue"
        } else {
            ""
        };
        if !why.is_empty() {
            return wrong("UNPROCESSABLE", why);
        }
        repo.queue.entries.insert(pull.number);
        repo.queue.added += 1;
    }
    match planted {
        Some((_, status, body)) => {
            (StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), Json(body)).into_response()
        }
        None => Json(json!({"data": {"enqueuePullRequest": {"mergeQueueEntry": {"state": "QUEUED"}}}})).into_response(),
    }
}

/// The branch of a group.
#[must_use]
pub fn branch(number: u64, base: &str) -> String {
    format!("gh-readonly-queue/main/pr-{number}-{base}")
}

impl Forge {
    /// A pull request that may be queued, opened by somebody; its head is `head`.
    pub fn queueable(&self, repo: &str, number: u64, login: &str, head: &str) {
        let mut state = self.lock();
        let Some(repo) = state.repos.get_mut(repo) else { return };
        let mut pull = Pull::merged(number, "Count the shipping", None);
        (pull.head, pull.open) = (format!("topic-{number}"), true);
        repo.branches.insert(pull.head.clone(), head.to_owned());
        repo.pulls.push(pull);
        repo.queue.enabled = true;
        repo.queue.entries.insert(number);
        repo.queue.authors.insert(number, login.to_owned());
    }

    /// The queue asks for checks of a group, or destroys it: `checks_requested`, `merged`, `invalidated`, `dequeued`.
    pub fn group(&self, repo: &str, number: u64, sha: &str, base: &str, what: &str) {
        let mut state = self.lock();
        let action = if what == "checks_requested" { what } else { "destroyed" };
        let mut body = json!({
            "action": action, "repository": state.repository_json(repo), "sender": account("ben"),
            "merge_group": {"head_sha": sha, "head_ref": format!("refs/heads/{}", branch(number, base)),
                "base_sha": base, "base_ref": "refs/heads/main"},
        });
        if action == "destroyed" {
            body["reason"] = json!(what);
        }
        state.push("merge_group", &body);
    }

    /// The queue lets a pull request go, for one of GitHub's reasons.
    pub fn dequeue(&self, repo: &str, number: u64, reason: &str) {
        let mut state = self.lock();
        let Some(known) = state.repos.get_mut(repo) else { return };
        known.queue.entries.remove(&number);
        let login = known.queue.authors.get(&number).cloned().unwrap_or_default();
        let Some(pull) = known.pulls.iter().find(|pull| pull.number == number).cloned() else { return };
        let mut told = super::pulls::show(&state, repo, &pull);
        told["user"] = account(&login);
        let body = json!({"action": "dequeued", "number": number, "reason": reason, "pull_request": told,
            "repository": state.repository_json(repo), "sender": account("github-merge-queue[bot]")});
        state.push("pull_request", &body);
    }
}
