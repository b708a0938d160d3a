//! Files of a repository's default branch.

use super::git;
use super::state::Forge;
use super::workflows;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

/// As GitHub answers where no branch is named.
pub async fn file(State(forge): State<Forge>, Path((owner, repo, path)): Path<(String, String, String)>) -> Response {
    let name = format!("{owner}/{repo}");
    if let Some(files) = (path == workflows::FOLDER).then(|| workflows::folder(&forge, &name)).flatten() {
        return Json(files).into_response();
    }
    let found = match workflows::text(&forge, &name, &path) {
        Some(text) => Some(text),
        None => git::file(&forge, &name, &path).await,
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
