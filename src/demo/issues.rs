//! Labels, comments, check runs, tokens.

use super::hooks::{account, stamp};
use super::routes::refuse;
use super::state::Forge;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

type At<T> = Path<T>;

pub async fn mint(State(forge): State<Forge>, Json(body): Json<Value>) -> Response {
    let mut state = forge.lock();
    state.tokens_minted += 1;
    state.narrowed.push(body["repositories"].clone());
    let names = body["repositories"].as_array().cloned().unwrap_or_default();
    let repositories: Vec<Value> = names.into_iter().map(|name| json!({"name": name})).collect();
    let until = stamp((forge.now)() + 3_600_000);
    let answer = json!({"token": format!("ghs_sandbox{}", state.tokens_minted), "expires_at": until, "repositories": repositories});
    (StatusCode::CREATED, Json(answer)).into_response()
}

pub async fn labels(State(forge): State<Forge>, Path((owner, repo, number)): At<(String, String, u64)>) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let labels: Vec<Value> = repo.labels.get(&number).into_iter().flatten().map(|name| json!({"name": name})).collect();
    Json(labels).into_response()
}

pub async fn add_labels(
    State(forge): State<Forge>,
    Path((owner, repo, number)): At<(String, String, u64)>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    let Some(repo) = state.repos.get_mut(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let have = repo.labels.entry(number).or_default();
    for name in body.get("labels").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        if !have.iter().any(|label| label == name) {
            have.push(name.to_owned());
        }
    }
    Json(have.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()).into_response()
}

pub async fn drop_label(
    State(forge): State<Forge>,
    Path((owner, repo, number, label)): At<(String, String, u64, String)>,
) -> Response {
    let mut state = forge.lock();
    let Some(repo) = state.repos.get_mut(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    repo.labels.entry(number).or_default().retain(|have| *have != label);
    Json(json!([])).into_response()
}

pub async fn comments(State(forge): State<Forge>, Path((owner, repo, number)): At<(String, String, u64)>) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let found: Vec<&Value> = repo.comments.iter().filter(|comment| comment["number"] == number).collect();
    Json(found).into_response()
}

pub async fn add_comment(
    State(forge): State<Forge>,
    Path((owner, repo, number)): At<(String, String, u64)>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    let (id, app) = (state.fresh(), state.app_id);
    let Some(repo) = state.repos.get_mut(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let comment = json!({"id": id, "number": number, "body": body["body"], "user": account("sandbox-bot"), "performed_via_github_app": {"id": app}});
    repo.comments.push(comment.clone());
    (StatusCode::CREATED, Json(comment)).into_response()
}

pub async fn edit_comment(
    State(forge): State<Forge>,
    Path((owner, repo, id)): At<(String, String, u64)>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    let comments = state.repos.get_mut(&format!("{owner}/{repo}")).map(|repo| &mut repo.comments);
    let Some(comment) = comments.and_then(|all| all.iter_mut().find(|comment| comment["id"] == id)) else {
        return refuse(404, "Not Found");
    };
    comment["body"] = body["body"].clone();
    Json(comment.clone()).into_response()
}

pub async fn delete_comment(
    State(forge): State<Forge>,
    Path((owner, repo, id)): At<(String, String, u64)>,
) -> Response {
    let mut state = forge.lock();
    let comments = state.repos.get_mut(&format!("{owner}/{repo}")).map(|repo| &mut repo.comments);
    let Some((at, comments)) = comments.and_then(|all| Some((all.iter().position(|one| one["id"] == id)?, all))) else {
        return refuse(404, "Not Found");
    };
    comments.remove(at);
    StatusCode::NO_CONTENT.into_response()
}

pub async fn react(
    State(forge): State<Forge>,
    Path((owner, repo, id)): At<(String, String, u64)>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    let Some(repo) = state.repos.get_mut(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    if !repo.comments.iter().any(|comment| comment["id"] == id) {
        return refuse(404, "Not Found");
    }
    let content = body["content"].as_str().unwrap_or_default();
    if !["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"].contains(&content) {
        return refuse(422, "Validation Failed");
    }
    let reaction = (id, content.to_owned());
    if !repo.reactions.contains(&reaction) {
        repo.reactions.push(reaction);
    }
    (StatusCode::CREATED, Json(json!({"id": id, "content": content, "user": account("sandbox-bot")}))).into_response()
}

pub async fn permission(
    State(forge): State<Forge>,
    Path((owner, repo, login)): At<(String, String, String)>,
) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let permission = repo.permissions.get(&login).copied().unwrap_or("read");
    Json(json!({"permission": permission, "role_name": permission, "user": account(&login)})).into_response()
}

#[derive(Deserialize)]
pub struct CheckQuery {
    check_name: Option<String>,
}

pub async fn checks(
    State(forge): State<Forge>,
    Path((owner, repo, sha)): At<(String, String, String)>,
    Query(query): Query<CheckQuery>,
) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let wanted = |check: &&Value| {
        check["head_sha"] == sha.as_str() && query.check_name.as_deref().is_none_or(|name| check["name"] == name)
    };
    let found: Vec<&Value> = repo.checks.iter().filter(wanted).collect();
    Json(json!({"total_count": found.len(), "check_runs": found})).into_response()
}

pub async fn add_check(
    State(forge): State<Forge>,
    Path((owner, repo)): At<(String, String)>,
    Json(mut body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    body["id"] = state.fresh().into();
    body["output"]["annotations_count"] = body["output"]["annotations"].as_array().map_or(0, Vec::len).into();
    let Some(repo) = state.repos.get_mut(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    repo.checks.push(body.clone());
    (StatusCode::CREATED, Json(body)).into_response()
}

pub async fn edit_check(
    State(forge): State<Forge>,
    Path((owner, repo, id)): At<(String, String, u64)>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    let checks = state.repos.get_mut(&format!("{owner}/{repo}")).map(|repo| &mut repo.checks);
    let Some(check) = checks.and_then(|all| all.iter_mut().find(|check| check["id"] == id)) else {
        return refuse(404, "Not Found");
    };
    // As GitHub does: annotations are added to those that are there.
    let mut notes = check["output"]["annotations"].as_array().cloned().unwrap_or_default();
    notes.extend(body["output"]["annotations"].as_array().cloned().unwrap_or_default());
    for (key, value) in body.as_object().into_iter().flatten() {
        check[key.as_str()] = value.clone();
    }
    check["output"]["annotations_count"] = notes.len().into();
    check["output"]["annotations"] = notes.into();
    Json(check.clone()).into_response()
}
