//! What policy would decide of an incident now: nothing is done.

use super::Doors;
use super::api::may_read;
use super::doors::refuse;
use super::limits::Unread;
use crate::domain::IncidentNo;
use crate::domain::rules::Rules;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};

/// A policy with many rules, in bytes.
const BODY_MAX: usize = 256 << 10;

pub fn routes() -> Router<Doors> {
    Router::new().route("/api/incidents/{id}/policy", get(policy).post(try_policy))
}

async fn answer(doors: &Doors, id: &str, rules: Option<Rules>) -> Response {
    let no: IncidentNo = match id.parse() {
        Ok(no) => no,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, format!("{why}")),
    };
    match doors.ask.policy(no, rules).await {
        Ok(Some(tested)) => Json(tested).into_response(),
        Ok(None) => refuse(StatusCode::NOT_FOUND, format!("there is no incident {no}")),
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

/// What the policy in force would decide now, as a list of decisions, each with its tree of reasons.
#[utoipa::path(get, path = "/api/incidents/{id}/policy", params(("id" = String, Path, description = "42 or #42")),
    security(("read" = [])), responses((status = 200), (status = 400), (status = 401), (status = 404)))]
pub async fn policy(State(doors): State<Doors>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    answer(&doors, &id, None).await
}

/// What another policy would decide: the body is a whole `[policy]` section as JSON.
#[utoipa::path(post, path = "/api/incidents/{id}/policy", params(("id" = String, Path, description = "42 or #42")),
    security(("read" = [])), responses((status = 200), (status = 400), (status = 401), (status = 404), (status = 413)))]
pub async fn try_policy(State(doors): State<Doors>, Path(id): Path<String>, unread: Unread) -> Response {
    if let Err(answer) = may_read(&doors, &unread.headers) {
        return answer;
    }
    let (bytes, _held) = match unread.whole(BODY_MAX).await {
        Ok(whole) => whole,
        Err(answer) => return answer,
    };
    match serde_json::from_slice(&bytes) {
        Ok(rules) => answer(&doors, &id, Some(rules)).await,
        Err(why) => refuse(StatusCode::BAD_REQUEST, format!("the body is not a policy: {why}")),
    }
}
