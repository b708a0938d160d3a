//! Comments and reactions.

use super::hooks::account;
use super::routes::refuse;
use super::state::Forge;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub async fn list(State(forge): State<Forge>, Path((owner, repo, number)): Path<(String, String, u64)>) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let found: Vec<&Value> = repo.comments.iter().filter(|comment| comment["number"] == number).collect();
    Json(found).into_response()
}

pub async fn add(
    State(forge): State<Forge>,
    Path((owner, repo, number)): Path<(String, String, u64)>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    let (id, app) = (state.fresh(), state.app_id);
    let Some(repo) = state.repos.get_mut(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let comment = json!({"id": id, "number": number, "body": body["body"], "user": account("sandbox-bot"), "performed_via_github_app": {"id": app}});
    repo.comments.push(comment.clone());
    (StatusCode::CREATED, Json(comment)).into_response()
}

pub async fn edit(
    State(forge): State<Forge>,
    Path((owner, repo, id)): Path<(String, String, u64)>,
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

pub async fn remove(State(forge): State<Forge>, Path((owner, repo, id)): Path<(String, String, u64)>) -> Response {
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
    Path((owner, repo, id)): Path<(String, String, u64)>,
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
