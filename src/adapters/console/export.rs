//! The history as a table to download.

use super::routes::App;
use super::visit::{Visit, place};
use crate::ports::{ExportAsked, Exported, Format};
use axum::body::Body;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

async fn table(app: &App, visit: &Visit, what: Exported, named: &str) -> Response {
    let asked = ExportAsked { what, format: Format::Csv, ..ExportAsked::default() };
    let Ok(lines) = app.insight.export(&visit.session.who.actor(), &place(), asked).await else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be read, or GitHub does not say what you may read; try again",
        )
            .into_response();
    };
    let named = format!("attachment; filename=\"{named}\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, named)];
    // A table that fails on the way ends with a broken connection rather than looking whole.
    (headers, Body::from_stream(lines)).into_response()
}

/// Every incident that this person may see.
pub async fn incidents(State(app): State<App>, visit: Visit) -> Response {
    table(&app, &visit, Exported::Incidents, "incidents.csv").await
}

/// Every entry of their journals.
pub async fn journal(State(app): State<App>, visit: Visit) -> Response {
    table(&app, &visit, Exported::Journal, "journal.csv").await
}
