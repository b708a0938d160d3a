//! The private listener: the console, `/metrics`, and the API too.

use super::doors::{is_token, refuse, token};
use super::{Doors, Token, api};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::future::BoxFuture;
use std::sync::Arc;

/// The metrics page: who may read it, and how it is made.
#[derive(Clone)]
pub struct Probe {
    pub token: Token,
    /// The demo, where nothing is secret.
    pub open: bool,
    pub render: Arc<dyn Fn() -> BoxFuture<'static, String> + Send + Sync>,
}

/// The private routes. `console` brings its own.
pub fn private(doors: Doors, probe: Probe, console: Router) -> Router {
    let metrics = Router::new().route("/metrics", get(metrics)).with_state(probe);
    api::routes().with_state(doors).merge(metrics).merge(console)
}

async fn metrics(State(probe): State<Probe>, headers: HeaderMap) -> Response {
    if !probe.open && !is_token(token(&headers), &probe.token) {
        return refuse(StatusCode::UNAUTHORIZED, "send console.token as a bearer token");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], (probe.render)().await).into_response()
}
