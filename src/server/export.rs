//! Incidents and their journals as newline-delimited JSON or as a table.

use super::Doors;
use super::api::may_read;
use super::doors::refuse;
use super::store::lines;
use crate::domain::ids::Repo;
use crate::domain::time::Time;
use crate::ports::{ExportAsked, Exported, Format, Lines};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, extract::rejection::QueryRejection};
use serde::Deserialize;

pub fn routes() -> Router<Doors> {
    Router::new().route("/api/export", get(export))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// incidents or journal
    #[serde(default)]
    #[param(value_type = Option<String>)]
    what: Exported,
    /// jsonl or csv
    #[serde(default)]
    #[param(value_type = Option<String>)]
    format: Format,
    /// owner/name
    repo: Option<String>,
    /// RFC 3339: incidents opened, or entries written, from here on
    since: Option<String>,
    /// RFC 3339: and before this
    until: Option<String>,
}

/// A parameter that is an RFC 3339 time.
///
/// # Errors
/// A sentence on what it should be.
pub fn time(name: &str, text: Option<String>) -> Result<Option<Time>, String> {
    let Some(text) = text else { return Ok(None) };
    chrono::DateTime::parse_from_rfc3339(&text)
        .map(|at| Some(Time(at.timestamp_millis())))
        .map_err(|_| format!("{name} must be a time such as 2026-01-02T03:04:05Z"))
}

impl ExportParams {
    /// # Errors
    /// A sentence on what cannot be read.
    pub fn asked(self) -> Result<ExportAsked, String> {
        if let Some(repo) = &self.repo {
            repo.parse::<Repo>().map_err(|why| format!("repo: {why}"))?;
        }
        let (since, until) = (time("since", self.since)?, time("until", self.until)?);
        Ok(ExportAsked { what: self.what, format: self.format, repo: self.repo, since, until, only: None })
    }
}

/// Every incident, or every entry of their journals, newest incident first.
#[utoipa::path(get, path = "/api/export", params(ExportParams), security(("read" = [])),
    responses((status = 200, content_type = "application/x-ndjson", body = String), (status = 400), (status = 401)))]
pub async fn export(
    State(doors): State<Doors>,
    headers: HeaderMap,
    params: Result<Query<ExportParams>, QueryRejection>,
) -> Response {
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    let asked = params.map_err(|why| why.body_text()).and_then(|Query(params)| params.asked());
    match asked {
        Ok(asked) => {
            let format = asked.format;
            file(format, doors.ask.export(asked))
        }
        Err(why) => refuse(StatusCode::BAD_REQUEST, why),
    }
}

/// A download. A table that fails on the way ends with a broken connection rather than looking whole.
pub fn file(format: Format, stream: Lines) -> Response {
    match format {
        Format::Jsonl => lines(stream),
        Format::Csv => {
            let named = "attachment; filename=\"ci-rescue.csv\"";
            let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, named)];
            (headers, Body::from_stream(stream)).into_response()
        }
    }
}
