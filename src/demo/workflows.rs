//! Workflows as the forge lists them, their files, and their runs that the clock started.

use super::routes::refuse;
use super::state::Forge;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

/// A workflow of the default branch.
#[derive(Clone, Debug)]
pub struct Workflow {
    pub id: u64,
    pub name: String,
    pub path: String,
    /// `active`, `disabled_inactivity`, `disabled_manually`.
    pub state: &'static str,
    pub text: String,
}

pub const FOLDER: &str = ".github/workflows";

pub async fn list(State(forge): State<Forge>, Path((owner, repo)): Path<(String, String)>) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let show = |one: &Workflow| json!({"id": one.id, "name": one.name, "path": one.path, "state": one.state});
    let all: Vec<Value> = repo.workflows.iter().map(show).collect();
    Json(json!({"total_count": all.len(), "workflows": all})).into_response()
}

#[derive(Deserialize)]
pub struct Search {
    event: Option<String>,
    per_page: Option<usize>,
}

/// The newest runs of one.
pub async fn runs(
    State(forge): State<Forge>,
    Path((owner, repo, id)): Path<(String, String, u64)>,
    Query(search): Query<Search>,
) -> Response {
    let state = forge.lock();
    let name = format!("{owner}/{repo}");
    let found = state.repos.get(&name).and_then(|repo| repo.workflows.iter().find(|one| one.id == id));
    let Some(workflow) = found else { return refuse(404, "Not Found") };
    let fits = |run: &&super::state::Run| {
        let event = search.event.as_deref().is_none_or(|event| state.event_of(run) == event);
        run.spec.repo == name && run.spec.workflow == workflow.name && event
    };
    let all: Vec<Value> = state.runs.values().rev().filter(fits).map(|run| state.run_json(run)).collect();
    let shown: Vec<&Value> = all.iter().take(search.per_page.unwrap_or(30).min(100)).collect();
    Json(json!({"total_count": all.len(), "workflow_runs": shown})).into_response()
}

/// The folder's files, with a version that changes with the text.
pub fn folder(forge: &Forge, name: &str) -> Option<Value> {
    let state = forge.lock();
    let workflows = &state.repos.get(name)?.workflows;
    let show = |one: &Workflow| {
        let sha = crate::domain::ids::Digest::of([one.text.as_bytes()]);
        let file = one.path.rsplit('/').next().unwrap_or_default();
        json!({"type": "file", "name": file, "path": one.path, "size": one.text.len(), "sha": sha.as_str()[..40]})
    };
    (!workflows.is_empty()).then(|| workflows.iter().map(show).collect())
}

pub fn text(forge: &Forge, name: &str, path: &str) -> Option<String> {
    let state = forge.lock();
    state.repos.get(name)?.workflows.iter().find(|one| one.path == path).map(|one| one.text.clone())
}

impl Forge {
    /// A workflow with this text on the default branch.
    pub fn workflow(&self, repo: &str, name: &str, file: &str, text: &str) {
        let mut state = self.lock();
        let id = state.fresh();
        let Some(repo) = state.repos.get_mut(repo) else { return };
        let path = format!("{FOLDER}/{file}");
        repo.workflows.retain(|one| one.path != path);
        let workflow = Workflow { id, name: name.to_owned(), path, state: "active", text: text.to_owned() };
        repo.workflows.push(workflow);
    }
}
