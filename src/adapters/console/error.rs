//! Errors: a page for browsers, one line of text for scripts.

use super::routes::App;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use minijinja::context;

pub const CHECK_FAILED: &str = "Session check failed: reload the page and try again";
pub const SESSION_ENDED: &str = "Your session has ended: reload the page and sign in again";
pub const NO_LOOP: &str = "No such loop of a fixing agent: it may have been removed by retention";
pub const NO_INCIDENT: &str = "No such incident: it may have been removed by retention";

/// `why` says what to do next.
pub fn refusal(app: &App, headers: &HeaderMap, status: StatusCode, why: &str) -> Response {
    let wants_page = headers
        .get(header::ACCEPT)
        .and_then(|accept| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("text/html"));
    if !wants_page || headers.contains_key("x-requested-with") {
        return (status, why.to_owned()).into_response();
    }
    let reason = status.canonical_reason().unwrap_or("Error");
    let html = app.pages.render("error.html", context! { status => status.as_u16(), reason, why });
    (status, Html(html)).into_response()
}
