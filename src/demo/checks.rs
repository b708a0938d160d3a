//! Check runs and statuses: jobs are check runs too, of an App called GitHub Actions.

use super::actions::Paging;
use super::routes::refuse;
use super::state::{Forge, State as Known};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub struct CheckQuery {
    check_name: Option<String>,
    filter: Option<String>,
    per_page: Option<usize>,
    page: Option<usize>,
}

/// The jobs of the newest attempts at a commit, as GitHub lists them.
fn of_jobs(state: &Known, name: &str, sha: &str) -> Vec<Value> {
    let at = |run: &&super::state::Run| run.spec.repo == name && run.spec.sha == sha;
    let jobs = state.runs.values().filter(at).flat_map(|run| {
        run.attempts.last().into_iter().flatten().map(move |job| {
            let ended = job.conclusion.is_some();
            json!({
                "id": job.id, "name": run.spec.jobs[job.spec].name, "head_sha": sha, "external_id": format!("job-{}", job.id),
                "status": if ended { "completed" } else { "in_progress" }, "conclusion": job.conclusion,
                "details_url": format!("{{web}}/{name}/actions/runs/{}/job/{}", run.id, job.id),
                "app": {"id": 15368, "slug": "github-actions", "name": "GitHub Actions"},
                "output": {"title": null, "summary": null, "annotations_count": 0},
            })
        })
    });
    jobs.collect()
}

pub async fn list(
    State(forge): State<Forge>,
    Path((owner, repo, sha)): Path<(String, String, String)>,
    Query(query): Query<CheckQuery>,
) -> Response {
    let state = forge.lock();
    let name = format!("{owner}/{repo}");
    let Some(repo) = state.repos.get(&name) else { return refuse(404, "Not Found") };
    let mut found: Vec<Value> = repo.checks.iter().filter(|check| check["head_sha"] == sha.as_str()).cloned().collect();
    if query.filter.as_deref() != Some("all") {
        // The newest of a name and an App.
        let all = found.clone();
        let newer = |check: &Value, other: &Value| {
            other["name"] == check["name"]
                && other["app"] == check["app"]
                && other["id"].as_u64() > check["id"].as_u64()
        };
        found.retain(|check| !all.iter().any(|other| newer(check, other)));
    }
    found.extend(of_jobs(&state, &name, &sha));
    found.retain(|check| query.check_name.as_deref().is_none_or(|name| check["name"] == name));
    let page = Paging::of(query.per_page, query.page);
    Json(json!({"total_count": found.len(), "check_runs": page.cut(&found)})).into_response()
}

/// The combined status of a commit.
pub async fn status(
    State(forge): State<Forge>,
    Path((owner, repo, sha)): Path<(String, String, String)>,
    Query(page): Query<Paging>,
) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let here = repo.statuses.iter().filter(|(at, ..)| *at == sha);
    let all: Vec<Value> = here.map(|(_, context, state)| json!({"context": context, "state": state})).collect();
    let worst = if all.iter().all(|one| one["state"] == "success") { "success" } else { "failure" };
    Json(json!({"sha": sha, "state": worst, "total_count": all.len(), "statuses": page.cut(&all)})).into_response()
}

/// GitHub takes so many annotations a call.
const ANNOTATIONS_MAX: usize = 50;

fn too_many(body: &Value) -> bool {
    body["output"]["annotations"].as_array().is_some_and(|all| all.len() > ANNOTATIONS_MAX)
}

pub async fn add(
    State(forge): State<Forge>,
    Path((owner, repo)): Path<(String, String)>,
    Json(mut body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    if too_many(&body) {
        return refuse(422, "Invalid request. No more than 50 items are allowed");
    }
    body["id"] = state.fresh().into();
    body["app"] = json!({"id": state.app_id, "slug": "ci-rescue-sandbox", "name": "CI Rescue sandbox"});
    let noted = body["output"]["annotations"].as_array().cloned().unwrap_or_default();
    body["output"]["annotations_count"] = noted.len().into();
    body["output"]["annotations"] = noted.into();
    let Some(repo) = state.repos.get_mut(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    repo.checks.push(body.clone());
    (StatusCode::CREATED, Json(shown(body))).into_response()
}

/// Annotations have an address of their own.
fn shown(mut check: Value) -> Value {
    check["output"].as_object_mut().map(|output| output.remove("annotations"));
    check
}

pub async fn edit(
    State(forge): State<Forge>,
    Path((owner, repo, id)): Path<(String, String, u64)>,
    Json(body): Json<Value>,
) -> Response {
    let mut state = forge.lock();
    if too_many(&body) {
        return refuse(422, "Invalid request. No more than 50 items are allowed");
    }
    let checks = state.repos.get_mut(&format!("{owner}/{repo}")).map(|repo| &mut repo.checks);
    let Some(check) = checks.and_then(|all| all.iter_mut().find(|check| check["id"] == id)) else {
        return refuse(404, "Not Found");
    };
    // As GitHub does: annotations are added to those that are there.
    let mut notes = check["output"]["annotations"].as_array().cloned().unwrap_or_default();
    notes.extend(body["output"]["annotations"].as_array().cloned().unwrap_or_default());
    for (key, value) in body.as_object().into_iter().flatten() {
        check[key.as_str()] = value.clone();
    }
    check["output"]["annotations_count"] = notes.len().into();
    check["output"]["annotations"] = notes.into();
    Json(shown(check.clone())).into_response()
}

pub async fn annotations(
    State(forge): State<Forge>,
    Path((owner, repo, id)): Path<(String, String, u64)>,
    Query(page): Query<Paging>,
) -> Response {
    let state = forge.lock();
    let checks = state.repos.get(&format!("{owner}/{repo}")).map(|repo| &repo.checks);
    let Some(check) = checks.and_then(|all| all.iter().find(|check| check["id"] == id)) else {
        return refuse(404, "Not Found");
    };
    let all = check["output"]["annotations"].as_array().cloned().unwrap_or_default();
    Json(page.cut(&all)).into_response()
}
