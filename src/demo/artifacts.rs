//! What runs leave behind: a list, and a redirect to another place where the bytes are.

use super::actions::Paging;
use super::hooks::stamp;
use super::routes::refuse;
use super::state::Forge;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A file that a run left behind.
#[derive(Clone, Debug)]
pub struct Artifact {
    pub id: u64,
    pub run: u64,
    pub name: String,
    /// A zip archive.
    pub bytes: Vec<u8>,
    pub created_at: i64,
    pub expired: bool,
}

impl Forge {
    /// A run uploads an artifact now. Answers its id.
    pub fn upload(&self, run: u64, name: &str, bytes: Vec<u8>) -> u64 {
        let created_at = (self.now)();
        let mut state = self.lock();
        let id = state.fresh();
        state.artifacts.push(Artifact { id, run, name: name.to_owned(), bytes, created_at, expired: false });
        id
    }
}

pub async fn list(
    State(forge): State<Forge>,
    Path((owner, repo, id)): Path<(String, String, u64)>,
    Query(paging): Query<Paging>,
) -> Response {
    let state = forge.lock();
    let Some(run) = state.runs.get(&id).filter(|run| run.spec.repo == format!("{owner}/{repo}")) else {
        return refuse(404, "Not Found");
    };
    let told = |one: &Artifact| {
        json!({
            "id": one.id, "node_id": format!("A{}", one.id), "name": one.name, "size_in_bytes": one.bytes.len(), "expired": one.expired,
            "url": format!("{{web}}/repos/{owner}/{repo}/actions/artifacts/{}", one.id),
            "archive_download_url": format!("{{web}}/repos/{owner}/{repo}/actions/artifacts/{}/zip", one.id),
            "created_at": stamp(one.created_at), "updated_at": stamp(one.created_at), "expires_at": stamp(one.created_at),
            "workflow_run": {"id": run.id, "head_branch": run.spec.branch, "head_sha": run.spec.sha},
        })
    };
    let all: Vec<_> = state.artifacts.iter().filter(|one| one.run == id).map(told).collect();
    Json(json!({"total_count": all.len(), "artifacts": paging.cut(&all)})).into_response()
}

pub async fn zip(
    State(forge): State<Forge>,
    headers: HeaderMap,
    Path((_, _, id)): Path<(String, String, u64)>,
) -> Response {
    match forge.lock().artifacts.iter().find(|one| one.id == id) {
        None => refuse(404, "Not Found"),
        Some(one) if one.expired => refuse(410, "Artifact has expired"),
        Some(_) => {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
            (StatusCode::FOUND, [(header::LOCATION, format!("http://{host}/_artifacts/{id}"))]).into_response()
        }
    }
}

/// The place where the bytes are takes nobody's token, as storage behind signed addresses does.
pub async fn file(State(forge): State<Forge>, headers: HeaderMap, Path(id): Path<u64>) -> Response {
    if headers.contains_key(header::AUTHORIZATION) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let state = forge.lock();
    match state.artifacts.iter().find(|one| one.id == id) {
        Some(one) => ([(header::CONTENT_TYPE, "application/zip")], one.bytes.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
