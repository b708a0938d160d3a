//! The store over the API: a backup, and a check of everything on disk. Both answer line by line.

use super::Doors;
use super::doors::{is_token, refuse, token};
use crate::ports::StoreError;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::stream::BoxStream;
use futures::{StreamExt, future};
use serde_json::json;
use std::convert::Infallible;

pub fn routes() -> Router<Doors> {
    Router::new().route("/api/store/backup", get(backup)).route("/api/store/verify", get(verify))
}

/// A backup holds everything, secrets included: reading is not enough.
pub fn may_act(doors: &Doors, headers: &HeaderMap) -> Result<(), Response> {
    if is_token(token(headers), &doors.act_token) {
        return Ok(());
    }
    Err(refuse(StatusCode::UNAUTHORIZED, "send api.act_token as a bearer token, in a header"))
}

/// The status is sent by then, so what goes wrong is the last line.
fn last_words(why: &StoreError) -> Vec<u8> {
    let key = if matches!(why, StoreError::Damaged(_)) { "damaged" } else { "error" };
    format!("{}\n", json!({key: why.to_string()})).into_bytes()
}

pub fn lines(stream: BoxStream<'static, Result<Vec<u8>, StoreError>>) -> Response {
    let stream = stream.scan(false, |ended, piece| {
        let piece = (!*ended).then(|| {
            Ok::<_, Infallible>(piece.unwrap_or_else(|why| {
                *ended = true;
                last_words(&why)
            }))
        });
        future::ready(piece)
    });
    ([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(stream)).into_response()
}

/// Everything as it is now, as newline-delimited JSON. A backup without its `end` line is not whole.
#[utoipa::path(get, path = "/api/store/backup", security(("act" = [])),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 401), (status = 503)))]
pub async fn backup(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    if let Err(answer) = may_act(&doors, &headers) {
        return answer;
    }
    match doors.ask.backup().await {
        Ok(stream) => lines(stream),
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

/// Reads everything back from the disk: progress and findings, a line each, `done` last.
#[utoipa::path(get, path = "/api/store/verify", security(("act" = [])),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 401), (status = 503)))]
pub async fn verify(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    if let Err(answer) = may_act(&doors, &headers) {
        return answer;
    }
    match doors.ask.verify().await {
        Ok(checks) => {
            let line = |check| format!("{}\n", json!(check)).into_bytes();
            lines(checks.map(move |check| check.map(line)).boxed())
        }
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}
