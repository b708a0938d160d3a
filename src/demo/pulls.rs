//! Pull requests.

use super::hooks::{account, head, stamp};
use super::routes::refuse;
use super::state::{Forge, Pull, State as Known};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

type Named = (String, String);
type Numbered = (String, String, u64);

pub fn show(state: &Known, name: &str, pull: &Pull) -> Value {
    let repo = state.repos.get(name);
    let sha = |branch: &str| repo.and_then(|repo| repo.branches.get(branch)).cloned().unwrap_or_default();
    let (home, branch) = head(name, &pull.head);
    let owner = home.split('/').next().unwrap_or_default();
    let closed = if pull.open { "open" } else { "closed" };
    json!({
        "id": pull.number, "number": pull.number, "state": closed, "title": pull.title, "body": pull.body,
        "draft": pull.draft, "user": account("sandbox-bot"), "merged": pull.merged.is_some(),
        "merged_at": pull.merged.as_ref().map(|_| stamp(pull.merged_at.unwrap_or(i64::try_from(pull.number).unwrap_or(0) * 1_000))), "merge_commit_sha": pull.merged,
        "html_url": format!("{{web}}/{name}/pull/{}", pull.number),
        "head": {"ref": branch, "sha": sha(&pull.head), "label": format!("{owner}:{branch}"), "repo": state.repository_json(&home)},
        "base": {"ref": pull.base, "sha": sha(&pull.base), "repo": state.repository_json(name)},
    })
}

#[derive(Deserialize)]
pub struct Search {
    head: Option<String>,
    state: Option<String>,
}

pub async fn list(
    State(forge): State<Forge>,
    Path((owner, repo)): Path<Named>,
    Query(search): Query<Search>,
) -> Response {
    let state = forge.lock();
    let name = format!("{owner}/{repo}");
    let Some(repo) = state.repos.get(&name) else { return refuse(404, "Not Found") };
    let all = search.state.as_deref() == Some("all");
    let label = |pull: &Pull| {
        let (home, branch) = head(&name, &pull.head);
        format!("{}:{branch}", home.split('/').next().unwrap_or_default())
    };
    let fits = |pull: &&Pull| (all || pull.open) && search.head.as_ref().is_none_or(|head| *head == label(pull));
    let found: Vec<Value> = repo.pulls.iter().rev().filter(fits).map(|pull| show(&state, &name, pull)).collect();
    Json(found).into_response()
}

/// Those whose head the commit is.
pub async fn of_commit(
    State(forge): State<Forge>,
    Path((owner, repo, sha)): Path<(String, String, String)>,
) -> Response {
    let state = forge.lock();
    let name = format!("{owner}/{repo}");
    let Some(repo) = state.repos.get(&name) else { return refuse(404, "Not Found") };
    let is_head = |pull: &&Pull| pull.open && repo.branches.get(&pull.head) == Some(&sha);
    let found: Vec<Value> = repo.pulls.iter().filter(is_head).map(|pull| show(&state, &name, pull)).collect();
    Json(found).into_response()
}

pub async fn one(State(forge): State<Forge>, Path((owner, repo, number)): Path<Numbered>) -> Response {
    let state = forge.lock();
    let name = format!("{owner}/{repo}");
    if let Some(pull) = state.repos.get(&name).and_then(|repo| repo.pulls.iter().find(|pull| pull.number == number)) {
        return Json(show(&state, &name, pull)).into_response();
    }
    // A run of a pull request that nobody opened here: it has a head and no more.
    let run = state.runs.values().rev().find(|run| run.spec.repo == name && run.spec.pull == Some(number));
    let Some(run) = run else { return refuse(404, "Not Found") };
    let sha = state.repos.get(&name).and_then(|repo| repo.branches.get(&run.spec.branch)).unwrap_or(&run.spec.sha);
    Json(json!({"number": number, "state": "open", "head": {"ref": run.spec.branch, "sha": sha}})).into_response()
}

pub async fn commits(State(forge): State<Forge>, Path((owner, repo, number)): Path<Numbered>) -> Response {
    let state = forge.lock();
    let found = state.repos.get(&format!("{owner}/{repo}"));
    let Some(pull) = found.and_then(|repo| repo.pulls.iter().find(|pull| pull.number == number)) else {
        return refuse(404, "Not Found");
    };
    let commits: Vec<Value> = pull.messages.iter().map(|message| json!({"commit": {"message": message}})).collect();
    Json(commits).into_response()
}

#[derive(Deserialize)]
pub struct New {
    title: String,
    head: String,
    base: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    draft: bool,
}

pub async fn create(State(forge): State<Forge>, Path((owner, repo)): Path<Named>, Json(new): Json<New>) -> Response {
    let mut state = forge.lock();
    let name = format!("{owner}/{repo}");
    let number = state.fresh();
    let Some(repo) = state.repos.get_mut(&name) else { return refuse(404, "Not Found") };
    if !repo.branches.contains_key(&new.head) || !repo.branches.contains_key(&new.base) {
        return refuse(422, "Validation Failed");
    }
    if repo.pulls.iter().any(|pull| pull.open && pull.head == new.head && pull.base == new.base) {
        return refuse(422, "A pull request already exists");
    }
    let pull = Pull {
        number,
        title: new.title,
        body: new.body,
        head: new.head,
        base: new.base,
        draft: new.draft,
        open: true,
        merged: None,
        merged_at: None,
        messages: Vec::new(),
    };
    repo.pulls.push(pull.clone());
    (StatusCode::CREATED, Json(show(&state, &name, &pull))).into_response()
}

pub async fn edit(
    State(forge): State<Forge>,
    Path((owner, repo, number)): Path<Numbered>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    let name = format!("{owner}/{repo}");
    let found = state.repos.get_mut(&name);
    let Some(pull) = found.and_then(|repo| repo.pulls.iter_mut().find(|pull| pull.number == number)) else {
        return refuse(404, "Not Found");
    };
    if let Some(wanted) = body.get("state").and_then(Value::as_str) {
        pull.open = wanted == "open";
    }
    let pull = pull.clone();
    Json(show(&state, &name, &pull)).into_response()
}

#[derive(Deserialize)]
pub struct Merge {
    sha: String,
    merge_method: String,
}

/// A merge that only takes the branch forward, which the sandbox allows as a rebase alone.
pub async fn merge(
    State(forge): State<Forge>,
    Path((owner, repo, number)): Path<Numbered>,
    Json(wanted): Json<Merge>,
) -> Response {
    if wanted.merge_method != "rebase" {
        return refuse(405, "This way of merging is not allowed on this repository.");
    }
    let name = format!("{owner}/{repo}");
    let found = {
        let state = forge.lock();
        let repo = state.repos.get(&name);
        let pull = repo.and_then(|repo| repo.pulls.iter().find(|pull| pull.number == number && pull.open));
        pull.map(|pull| (pull.base.clone(), repo.and_then(|repo| repo.branches.get(&pull.head)).cloned()))
    };
    let Some((base, Some(head))) = found else { return refuse(405, "Pull Request is not mergeable") };
    if head != wanted.sha {
        return refuse(409, "Head branch was modified. Review and try the merge again.");
    }
    if !super::git::forward(&forge, &name, &base, &head).await {
        return refuse(405, "Pull Request is not mergeable");
    }
    forge.end_pull(&name, number, "sandbox-bot[bot]", Some(&head));
    Json(json!({"sha": head, "merged": true, "message": "Pull Request successfully merged"})).into_response()
}
