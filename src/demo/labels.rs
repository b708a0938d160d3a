//! Labels of issues and pull requests.

use super::routes::refuse;
use super::state::Forge;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub async fn list(State(forge): State<Forge>, Path((owner, repo, number)): Path<(String, String, u64)>) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let labels: Vec<Value> = repo.labels.get(&number).into_iter().flatten().map(|name| json!({"name": name})).collect();
    Json(labels).into_response()
}

pub async fn add(
    State(forge): State<Forge>,
    Path((owner, repo, number)): Path<(String, String, u64)>,
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

pub async fn remove(
    State(forge): State<Forge>,
    Path((owner, repo, number, label)): Path<(String, String, u64, String)>,
) -> Response {
    let mut state = forge.lock();
    let Some(repo) = state.repos.get_mut(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    repo.labels.entry(number).or_default().retain(|have| *have != label);
    Json(json!([])).into_response()
}
