//! The audit: entries of all journals by filter, a page at a time or all of them.

use super::Doors;
use super::api::may_read;
use super::doors::refuse;
use super::export::{file, time};
use super::shapes::rfc3339;
use crate::domain::ids::{IncidentNo, Repo};
use crate::domain::time::Time;
use crate::ports::{AuditAsked, AuditRow, Format, Spot};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const LIMIT: usize = 50;
const LIMIT_MAX: usize = 200;

pub fn routes() -> Router<Doors> {
    Router::new().route("/api/audit", get(audit))
}

#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// a person's name as configured
    by: Option<String>,
    /// what kind of entry, such as approved
    action: Option<String>,
    /// owner/name
    repo: Option<String>,
    /// an incident's number; 0 for the installation's own journal
    incident: Option<u64>,
    /// RFC 3339: entries from here on
    since: Option<String>,
    /// RFC 3339: and before this
    until: Option<String>,
    /// occurs in the entry's sentence
    text: Option<String>,
    /// the `next` of the page before
    before: Option<String>,
    /// at most 200
    limit: Option<usize>,
    /// jsonl or csv: everything that is found, rather than a page
    #[param(value_type = Option<String>)]
    format: Option<Format>,
}

/// An entry of a journal.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// RFC 3339.
    pub at: String,
    /// Absent where nobody did it.
    pub by: Option<String>,
    pub action: String,
    /// Absent for the installation's own journal.
    pub repo: Option<String>,
    /// 0 for the installation's own journal.
    pub incident: u64,
    pub entry: u64,
    pub text: String,
}

impl EntryView {
    fn of(row: &AuditRow) -> Self {
        Self {
            at: rfc3339(row.spot.at),
            by: row.by.clone(),
            action: row.action.clone(),
            repo: row.repo.as_ref().map(ToString::to_string),
            incident: row.spot.incident.0,
            entry: row.spot.entry,
            text: row.text.clone(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AuditAnswer {
    pub entries: Vec<EntryView>,
    /// `before` of the next page; absent where there are no older entries.
    pub next: Option<String>,
}

/// `1767268800000.42.7`: milliseconds, incident and entry.
fn spot(text: &str) -> Option<Spot> {
    let mut parts = text.splitn(3, '.');
    let at = Time(parts.next()?.parse().ok()?);
    let incident = IncidentNo(parts.next()?.parse().ok()?);
    Some(Spot { at, incident, entry: parts.next()?.parse().ok()? })
}

impl AuditParams {
    fn asked(&self) -> Result<AuditAsked, String> {
        if let Some(repo) = &self.repo {
            repo.parse::<Repo>().map_err(|why| format!("repo: {why}"))?;
        }
        let before = match &self.before {
            None => None,
            Some(text) => Some(spot(text).ok_or("before must be the next of a page")?),
        };
        Ok(AuditAsked {
            by: self.by.clone(),
            action: self.action.clone(),
            repo: self.repo.clone(),
            incident: self.incident.map(IncidentNo),
            since: time("since", self.since.clone())?,
            until: time("until", self.until.clone())?,
            text: self.text.clone(),
            before,
        })
    }
}

/// Entries of all journals, the newest first.
#[utoipa::path(get, path = "/api/audit", params(AuditParams), security(("read" = [])),
    responses((status = 200, body = AuditAnswer), (status = 400), (status = 401)))]
pub async fn audit(
    State(doors): State<Doors>,
    headers: HeaderMap,
    params: Result<Query<AuditParams>, QueryRejection>,
) -> Response {
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    let params = match params {
        Ok(Query(params)) => params,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, why.body_text()),
    };
    let asked = match params.asked() {
        Ok(asked) => asked,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, why),
    };
    let answer = if let Some(format) = params.format {
        doors.insight.audit_lines(None, asked, format).await.map(|lines| file(format, lines))
    } else {
        let limit = params.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
        doors.insight.audit(None, &asked, limit).await.map(|found| {
            let name = |spot: Spot| format!("{}.{}.{}", spot.at.0, spot.incident.0, spot.entry);
            let entries = found.rows.iter().map(EntryView::of).collect();
            Json(AuditAnswer { entries, next: found.next.map(name) }).into_response()
        })
    };
    answer.unwrap_or_else(|why| refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()))
}
