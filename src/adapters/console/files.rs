//! What belongs to an incident, as plain files: its record, the script that reproduces it, and patches.

use super::error::{NO_INCIDENT, refusal};
use super::incident::look_up;
use super::routes::App;
use super::visit::Visit;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

const TEXT: [(header::HeaderName, &str); 1] = [(header::CONTENT_TYPE, "text/plain; charset=utf-8")];

/// The script that reproduces an incident, to be read and saved.
pub async fn repro(State(app): State<App>, visit: Visit, headers: HeaderMap, Path(no): Path<String>) -> Response {
    let Some(incident) = look_up(&app, &visit, &no).await else {
        return refusal(&app, &headers, StatusCode::NOT_FOUND, NO_INCIDENT);
    };
    let script = match &incident.repro {
        Some(digest) => app.ask.blob(digest).await.ok().flatten(),
        None => None,
    };
    if let Some(script) = script {
        return (TEXT, script).into_response();
    }
    refusal(&app, &headers, StatusCode::NOT_FOUND, "No script yet: type `repro` and the incident's number")
}

/// Everything known of an incident, to be saved.
pub async fn record(State(app): State<App>, visit: Visit, headers: HeaderMap, Path(no): Path<String>) -> Response {
    let record = match look_up(&app, &visit, &no).await {
        Some(incident) => app.ask.record(incident.no).await.ok().flatten().map(|text| (incident.no.0, text)),
        None => None,
    };
    let Some((no, text)) = record else { return refusal(&app, &headers, StatusCode::NOT_FOUND, NO_INCIDENT) };
    let saved = format!("attachment; filename=\"rescue-{no}.log\"");
    (TEXT, [(header::CONTENT_DISPOSITION, saved)], text).into_response()
}

/// What a proposal changes, or would have: for each branch one patch, as `git apply` takes it.
pub async fn patch(
    State(app): State<App>,
    visit: Visit,
    headers: HeaderMap,
    Path((no, n)): Path<(String, u32)>,
) -> Response {
    let Some(incident) = look_up(&app, &visit, &no).await else {
        return refusal(&app, &headers, StatusCode::NOT_FOUND, NO_INCIDENT);
    };
    let plan = incident.proposal(n).and_then(|proposal| proposal.plan.as_ref());
    let mut text = Vec::new();
    for (onto, preview) in plan.iter().flat_map(|plan| &plan.previews) {
        let Some(digest) = &preview.diff else { continue };
        if let Ok(Some(bytes)) = app.ask.blob(digest).await {
            text.extend_from_slice(format!("# For {onto}\n").as_bytes());
            text.extend_from_slice(&bytes);
        }
    }
    if text.is_empty() {
        return refusal(&app, &headers, StatusCode::NOT_FOUND, "This proposal changes no files");
    }
    (TEXT, text).into_response()
}
