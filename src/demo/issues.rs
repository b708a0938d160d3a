//! Issues that are no pull requests.

use super::hooks::account;
use super::routes::refuse;
use super::state::{Forge, Issue, State as Known};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

type Named = (String, String);
type Numbered = (String, String, u64);

pub fn show(state: &Known, name: &str, issue: &Issue) -> Value {
    let labels = state.repos.get(name).and_then(|repo| repo.labels.get(&issue.number)).into_iter().flatten();
    let labels: Vec<Value> = labels.map(|label| json!({"name": label})).collect();
    let assignees: Vec<Value> = issue.assignees.iter().map(|login| account(login)).collect();
    json!({
        "id": issue.number, "number": issue.number, "state": if issue.open { "open" } else { "closed" },
        "state_reason": issue.reason,
        "title": issue.title, "body": issue.body, "user": account("sandbox-bot"), "labels": labels,
        "assignees": assignees, "html_url": format!("{{web}}/{name}/issues/{}", issue.number),
        "performed_via_github_app": {"id": state.app_id},
    })
}

#[derive(Deserialize)]
pub struct Search {
    labels: Option<String>,
    state: Option<String>,
    page: Option<usize>,
    per_page: Option<usize>,
}

pub async fn list(
    State(forge): State<Forge>,
    Path((owner, repo)): Path<Named>,
    Query(search): Query<Search>,
) -> Response {
    let state = forge.lock();
    let name = format!("{owner}/{repo}");
    let Some(repo) = state.repos.get(&name) else { return refuse(404, "Not Found") };
    let has = |issue: &Issue, label: &str| repo.labels.get(&issue.number).is_some_and(|l| l.iter().any(|l| l == label));
    let fits = |issue: &&Issue| {
        (issue.open || search.state.as_deref() == Some("all"))
            && search.labels.iter().flat_map(|labels| labels.split(',')).all(|label| has(issue, label))
    };
    let page = search.per_page.unwrap_or(30).min(100);
    let before = page * search.page.unwrap_or(1).saturating_sub(1);
    let found = repo.issues.iter().rev().filter(fits).skip(before).take(page);
    Json(found.map(|issue| show(&state, &name, issue)).collect::<Vec<_>>()).into_response()
}

#[derive(Deserialize)]
pub struct New {
    title: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    labels: Vec<String>,
    #[serde(default)]
    assignees: Vec<String>,
}

pub async fn create(State(forge): State<Forge>, Path((owner, repo)): Path<Named>, Json(new): Json<New>) -> Response {
    let mut state = forge.lock();
    let name = format!("{owner}/{repo}");
    let number = state.fresh();
    let Some(repo) = state.repos.get_mut(&name) else { return refuse(404, "Not Found") };
    if new.assignees.iter().any(|login| !may_be_assigned(repo, login)) {
        return refuse(422, "Validation Failed");
    }
    let issue = Issue { number, title: new.title, body: new.body, assignees: new.assignees, open: true, reason: None };
    repo.labels.insert(number, new.labels);
    repo.issues.push(issue.clone());
    (StatusCode::CREATED, Json(show(&state, &name, &issue))).into_response()
}

pub async fn edit(
    State(forge): State<Forge>,
    Path((owner, repo, number)): Path<Numbered>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    let name = format!("{owner}/{repo}");
    let found = state.repos.get_mut(&name);
    let Some(issue) = found.and_then(|repo| repo.issues.iter_mut().find(|issue| issue.number == number)) else {
        return refuse(404, "Not Found");
    };
    if let Some(wanted) = body.get("state").and_then(Value::as_str) {
        issue.open = wanted == "open";
        issue.reason = body.get("state_reason").and_then(Value::as_str).map(str::to_owned);
    }
    let issue = issue.clone();
    Json(show(&state, &name, &issue)).into_response()
}

fn may_be_assigned(repo: &super::state::Repo, login: &str) -> bool {
    matches!(repo.permissions.get(login), Some(&("write" | "admin")))
}

pub async fn assignable(
    State(forge): State<Forge>,
    Path((owner, repo, login)): Path<(String, String, String)>,
) -> Response {
    let state = forge.lock();
    let may = state.repos.get(&format!("{owner}/{repo}")).is_some_and(|repo| may_be_assigned(repo, &login));
    if may { StatusCode::NO_CONTENT.into_response() } else { refuse(404, "Not Found") }
}
