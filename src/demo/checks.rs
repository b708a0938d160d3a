//! Check runs.

use super::routes::refuse;
use super::state::Forge;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub struct CheckQuery {
    check_name: Option<String>,
}

pub async fn list(
    State(forge): State<Forge>,
    Path((owner, repo, sha)): Path<(String, String, String)>,
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

pub async fn add(
    State(forge): State<Forge>,
    Path((owner, repo)): Path<(String, String)>,
    Json(mut body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    body["id"] = state.fresh().into();
    body["output"]["annotations_count"] = body["output"]["annotations"].as_array().map_or(0, Vec::len).into();
    let Some(repo) = state.repos.get_mut(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    repo.checks.push(body.clone());
    (StatusCode::CREATED, Json(body)).into_response()
}

pub async fn edit(
    State(forge): State<Forge>,
    Path((owner, repo, id)): Path<(String, String, u64)>,
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
