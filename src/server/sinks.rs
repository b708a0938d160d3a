//! An incident's record as a file, and events of it that are sent to a webhook again.

use super::Doors;
use super::api::may_read;
use super::doors::refuse;
use super::store::may_act;
use crate::domain::IncidentNo;
use crate::ports::Replay;
use axum::Json;
use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

pub fn routes() -> Router<Doors> {
    Router::new().route("/api/incidents/{id}/rescue.log", get(record)).route("/api/incidents/{id}/replay", post(replay))
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplayRequest {
    /// Its name in the configuration.
    pub webhook: String,
    /// The first entry of the journal, from 1.
    #[serde(default)]
    pub from: u64,
    /// Else the events are listed and nothing is sent.
    #[serde(default)]
    pub send: bool,
}

fn no(id: &str) -> Result<IncidentNo, Response> {
    id.parse().map_err(|why| refuse(StatusCode::BAD_REQUEST, format!("{why}")))
}

/// Everything known of an incident, as plain text.
#[utoipa::path(get, path = "/api/incidents/{id}/rescue.log", params(("id" = String, Path, description = "42 or #42")),
    security(("read" = [])), responses((status = 200, content_type = "text/plain", body = String), (status = 400), (status = 401), (status = 404)))]
pub async fn record(State(doors): State<Doors>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    let no = match no(&id) {
        Ok(no) => no,
        Err(answer) => return answer,
    };
    match doors.ask.record(no).await {
        Ok(Some(text)) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
        Ok(None) => refuse(StatusCode::NOT_FOUND, format!("there is no incident {no}")),
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

/// Sends what a webhook was told of an incident once more, under the same delivery ids and in order.
#[utoipa::path(post, path = "/api/incidents/{id}/replay", params(("id" = String, Path, description = "42 or #42")),
    request_body = ReplayRequest, security(("act" = [])),
    responses((status = 200), (status = 400), (status = 401), (status = 404)))]
pub async fn replay(
    State(doors): State<Doors>,
    headers: HeaderMap,
    Path(id): Path<String>,
    request: Result<Json<ReplayRequest>, JsonRejection>,
) -> Response {
    if let Err(answer) = may_act(&doors, &headers) {
        return answer;
    }
    let (no, request) = match (no(&id), request) {
        (Ok(no), Ok(Json(request))) => (no, request),
        (Err(answer), _) => return answer,
        (_, Err(why)) => return refuse(StatusCode::BAD_REQUEST, why.body_text()),
    };
    let asked = Replay { webhook: request.webhook, from: request.from, send: request.send };
    match doors.ask.replay(no, &asked).await {
        Ok(Some(events)) => Json(json!({"sent": asked.send && !events.is_empty(), "events": events})).into_response(),
        Ok(None) => refuse(StatusCode::NOT_FOUND, format!("nothing of incident {no} goes to a webhook of this name")),
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}
