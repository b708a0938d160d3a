//! `/health` and `/ready`: whether deliveries are kept.

use super::Doors;
use super::doors::refuse;
use super::shapes::IntegrationView;
use crate::ports::StoreError;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The disk is tried at most this often, however many ask.
const EVERY: Duration = Duration::from_secs(1);

/// What the last try came to.
#[derive(Default)]
pub struct Tried(Mutex<Option<(Instant, Result<(), StoreError>)>>);

impl Tried {
    async fn now(&self, doors: &Doors) -> Result<(), StoreError> {
        let mut last = self.0.lock().await;
        if let Some((_, told)) = last.as_ref().filter(|(at, _)| at.elapsed() < EVERY) {
            return told.clone();
        }
        let told = doors.ask.can_keep().await;
        *last = Some((Instant::now(), told.clone()));
        told
    }
}

/// Nothing works without the store.
pub async fn health(State(doors): State<Doors>) -> Response {
    match doors.tried.now(&doors).await {
        Ok(()) => Json(json!({"status": "ok"})).into_response(),
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

/// An integration that is down is told, and waited for.
pub async fn ready(State(doors): State<Doors>) -> Response {
    let integrations: Vec<IntegrationView> = doors.health.look().iter().map(IntegrationView::of).collect();
    match doors.tried.now(&doors).await {
        Ok(()) => Json(json!({"status": "ready", "integrations": integrations})).into_response(),
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}
