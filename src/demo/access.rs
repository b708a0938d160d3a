//! Who may: tokens of the app, permissions of people.

use super::hooks::{account, stamp};
use super::routes::refuse;
use super::state::Forge;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

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

pub async fn permission(
    State(forge): State<Forge>,
    Path((owner, repo, login)): Path<(String, String, String)>,
) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let permission = repo.permissions.get(&login).copied().unwrap_or("read");
    Json(json!({"permission": permission, "role_name": permission, "user": account(&login)})).into_response()
}
