//! The history as a table to download.

use super::routes::App;
use super::visit::Visit;
use crate::ports::{ExportAsked, Exported, Format};
use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

fn table(app: &App, what: Exported, named: &str) -> Response {
    let asked = ExportAsked { what, format: Format::Csv, ..ExportAsked::default() };
    let named = format!("attachment; filename=\"{named}\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, named)];
    // A table that fails on the way ends with a broken connection rather than looking whole.
    (headers, Body::from_stream(app.ask.export(asked))).into_response()
}

/// Every incident.
pub async fn incidents(State(app): State<App>, _: Visit) -> Response {
    table(&app, Exported::Incidents, "incidents.csv")
}

/// Every entry of their journals.
pub async fn journal(State(app): State<App>, _: Visit) -> Response {
    table(&app, Exported::Journal, "journal.csv")
}
