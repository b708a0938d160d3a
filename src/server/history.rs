//! History over the API: outcomes in, scores and causes out, as newline-delimited JSON.

use super::Doors;
use super::doors::refuse;
use super::limits::Unread;
use super::store::{lines, may_act};
use crate::ports::HistoryAsked;
use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use serde::Deserialize;

/// One piece of a file that is imported, or failures to be judged.
const BODY_MAX: usize = 8 << 20;

pub fn routes() -> Router<Doors> {
    Router::new()
        .route("/api/history/import", post(import))
        .route("/api/history/score", get(score))
        .route("/api/history/classify", post(classify))
        .route("/api/history/fill", post(fill))
}

/// Nothing is read of those who may not ask.
async fn send(doors: &Doors, unread: Unread, asked: impl FnOnce(Vec<u8>) -> HistoryAsked) -> Response {
    if let Err(answer) = may_act(doors, &unread.headers) {
        return answer;
    }
    match unread.whole(BODY_MAX).await {
        Ok((lines, _held)) => answer(doors, asked(lines)).await,
        Err(answer) => answer,
    }
}

async fn answer(doors: &Doors, asked: HistoryAsked) -> Response {
    match doors.ask.history(asked).await {
        Ok(stream) => lines(stream),
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
pub struct ImportQuery {
    /// Lines of the same file that came earlier.
    #[serde(default)]
    before: u64,
}

/// Records outcomes, a line each; those that are known change nothing.
#[utoipa::path(post, path = "/api/history/import", params(ImportQuery), request_body = String, security(("act" = [])),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 401), (status = 413), (status = 503)))]
pub async fn import(State(doors): State<Doors>, Query(query): Query<ImportQuery>, unread: Unread) -> Response {
    send(&doors, unread, |lines| HistoryAsked::Import { lines, before: query.before }).await
}

#[derive(Deserialize, utoipa::IntoParams)]
pub struct ScoreQuery {
    /// As `owner/name`; all repositories without it.
    repo: Option<String>,
}

/// How flaky each job and test is, a line each.
#[utoipa::path(get, path = "/api/history/score", params(ScoreQuery), security(("act" = [])),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 401), (status = 503)))]
pub async fn score(State(doors): State<Doors>, Query(query): Query<ScoreQuery>, headers: HeaderMap) -> Response {
    if let Err(answer) = may_act(&doors, &headers) {
        return answer;
    }
    answer(&doors, HistoryAsked::Score { repo: query.repo }).await
}

/// What caused these failures, a line each; nothing is written.
#[utoipa::path(post, path = "/api/history/classify", request_body = String, security(("act" = [])),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 401), (status = 413), (status = 503)))]
pub async fn classify(State(doors): State<Doors>, unread: Unread) -> Response {
    send(&doors, unread, |lines| HistoryAsked::Classify { lines }).await
}

/// Reads past runs from the forge, of what is left or of one repository anew: how far it is, a line for each step.
#[utoipa::path(post, path = "/api/history/fill", params(ScoreQuery), security(("act" = [])),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 400), (status = 401), (status = 503)))]
pub async fn fill(State(doors): State<Doors>, Query(query): Query<ScoreQuery>, headers: HeaderMap) -> Response {
    if let Err(answer) = may_act(&doors, &headers) {
        return answer;
    }
    let repo = match query.repo.map(|repo| repo.parse()).transpose() {
        Ok(repo) => repo,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, format!("repo: {why}")),
    };
    match doors.ask.fill(repo).await {
        Ok(stream) => lines(stream),
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}
