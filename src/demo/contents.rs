//! Files of a repository's default branch, or of a commit.

use super::git;
use super::state::Forge;
use super::workflows;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
pub struct At {
    #[serde(rename = "ref")]
    commit: Option<String>,
}

/// As GitHub answers; without a commit, of the default branch.
pub async fn file(
    State(forge): State<Forge>,
    Path((owner, repo, path)): Path<(String, String, String)>,
    Query(at): Query<At>,
) -> Response {
    let name = format!("{owner}/{repo}");
    if let Some(files) = (path == workflows::FOLDER).then(|| workflows::folder(&forge, &name)).flatten() {
        return Json(files).into_response();
    }
    let listed = forge.lock().repos.get(&name).and_then(|repo| repo.files.get(&path).cloned());
    let listed = listed.filter(|_| at.commit.is_some()).or_else(|| workflows::text(&forge, &name, &path));
    let found = match (listed, &at.commit) {
        (Some(text), _) => Some(text),
        (None, Some(commit)) => git::file(&forge, &name, commit, &path).await,
        (None, None) => git::file(&forge, &name, "main", &path).await,
    };
    match found {
        Some(text) => {
            let content = STANDARD.encode(&text);
            Json(json!({"type": "file", "encoding": "base64", "size": text.len(), "path": path, "content": content}))
                .into_response()
        }
        None => (StatusCode::NOT_FOUND, Json(json!({"message": "Not Found"}))).into_response(),
    }
}
