//! The advisory database.

use super::state::Forge;
use axum::Json;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

/// A vulnerability of single versions.
#[derive(Clone, Debug)]
pub struct Advisory {
    pub id: &'static str,
    pub ecosystem: &'static str,
    pub package: &'static str,
    pub versions: Vec<&'static str>,
    pub severity: &'static str,
    pub summary: &'static str,
}

#[derive(Deserialize)]
pub struct AdvisoryQuery {
    ecosystem: Option<String>,
    affects: Option<String>,
}

pub async fn list(State(forge): State<Forge>, Query(wanted): Query<AdvisoryQuery>) -> Response {
    let state = forge.lock();
    let affects = wanted.affects.as_deref().unwrap_or_default();
    // Scopes of npm begin with the same sign.
    let (package, version) = affects.rsplit_once('@').unwrap_or((affects, ""));
    let is_meant = |one: &&Advisory| {
        wanted.ecosystem.as_deref().is_none_or(|ecosystem| ecosystem == one.ecosystem)
            && one.package == package
            && (version.is_empty() || one.versions.contains(&version))
    };
    let shown = |one: &Advisory| json!({"ghsa_id": one.id, "severity": one.severity, "summary": one.summary});
    let found: Vec<Value> = state.advisories.iter().filter(is_meant).map(shown).collect();
    Json(found).into_response()
}
