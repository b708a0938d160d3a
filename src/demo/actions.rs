//! Runs, jobs, logs, branches.

use super::routes::refuse;
use super::state::{Forge, Job};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

type At<T> = Path<T>;
type Named = (String, String);

pub async fn repository(State(forge): State<Forge>, Path((owner, repo)): At<Named>) -> Response {
    let state = forge.lock();
    let name = format!("{owner}/{repo}");
    // As GitHub does, in any case.
    match state.repos.keys().find(|have| have.eq_ignore_ascii_case(&name)) {
        Some(name) => Json(state.repository_json(name)).into_response(),
        None => refuse(404, "Not Found"),
    }
}

/// Runs of one search, the newest first.
const SHOWN_MAX: usize = 1_000;

/// Stamps of one form compare as texts.
fn is_within(at: &str, range: &str) -> bool {
    match (range.strip_prefix(">="), range.split_once("..")) {
        (Some(from), _) => at >= from,
        (None, Some((from, to))) => (from..=to).contains(&at),
        (None, None) => false,
    }
}

#[derive(Deserialize)]
pub struct RunSearch {
    branch: Option<String>,
    /// A state or a conclusion.
    status: Option<String>,
    head_sha: Option<String>,
    /// `>=FROM` or `FROM..TO`.
    created: Option<String>,
    per_page: Option<usize>,
    page: Option<usize>,
}

pub async fn runs(
    State(forge): State<Forge>,
    Path((owner, repo)): At<Named>,
    Query(search): Query<RunSearch>,
) -> Response {
    let state = forge.lock();
    let name = format!("{owner}/{repo}");
    let found: Vec<_> = state
        .runs
        .values()
        .rev()
        .filter(|run| run.spec.repo == name && (run.conclusion.is_some() || search.status.is_none()))
        .filter(|run| search.head_sha.as_ref().is_none_or(|sha| *sha == run.spec.sha))
        .filter(|run| {
            search
                .branch
                .as_ref()
                .is_none_or(|branch| *branch == super::hooks::head(&run.spec.repo, &run.spec.branch).1)
        })
        .filter(|run| search.status.as_deref().is_none_or(|s| s == "completed" || run.conclusion == Some(s)))
        .filter(|run| {
            search.created.as_deref().is_none_or(|range| is_within(&super::hooks::stamp(run.created_at), range))
        })
        .take(SHOWN_MAX)
        .collect();
    let size = search.per_page.unwrap_or(30).min(100);
    let page = found.iter().skip((search.page.unwrap_or(1).max(1) - 1) * size).take(size);
    let runs: Vec<_> = page.map(|run| state.run_json(run)).collect();
    Json(json!({"total_count": found.len(), "workflow_runs": runs})).into_response()
}

pub async fn run(State(forge): State<Forge>, Path((_, _, id)): At<(String, String, u64)>) -> Response {
    let state = forge.lock();
    match state.runs.get(&id) {
        Some(run) => Json(state.run_json(run)).into_response(),
        None => refuse(404, "Not Found"),
    }
}

/// One attempt of a run, as far as it differs.
pub async fn attempt(
    State(forge): State<Forge>,
    Path((_, _, id, attempt)): At<(String, String, u64, u32)>,
) -> Response {
    let state = forge.lock();
    let Some(run) = state.runs.get(&id).filter(|run| (1..=run.attempt).contains(&attempt)) else {
        return refuse(404, "Not Found");
    };
    let mut told = state.run_json(run);
    told["run_attempt"] = json!(attempt);
    if attempt < run.attempt {
        let jobs = &run.attempts[attempt as usize - 1];
        let times = |of: fn(&Job) -> i64| jobs.iter().map(of).filter(|at| *at > 0);
        told["run_started_at"] = json!(super::hooks::stamp(times(|job| job.started_at).min().unwrap_or(0)));
        told["updated_at"] = json!(super::hooks::stamp(times(|job| job.ended_at).max().unwrap_or(0)));
    }
    Json(told).into_response()
}

/// The jobs of all attempts.
pub async fn all_jobs(
    State(forge): State<Forge>,
    Path((_, _, id)): At<(String, String, u64)>,
    Query(paging): Query<Paging>,
) -> Response {
    let state = forge.lock();
    let Some(run) = state.runs.get(&id) else { return refuse(404, "Not Found") };
    let attempts = run.attempts.iter().enumerate();
    let all: Vec<_> = attempts
        .flat_map(|(at, jobs)| jobs.iter().map(move |job| super::state::State::job_json(run, at, job)))
        .collect();
    Json(json!({"total_count": all.len(), "jobs": paging.cut(&all)})).into_response()
}

#[derive(Deserialize)]
pub struct Paging {
    per_page: Option<usize>,
    page: Option<usize>,
}

impl Paging {
    pub fn of(per_page: Option<usize>, page: Option<usize>) -> Self {
        Self { per_page, page }
    }

    /// The page that is asked for.
    pub fn cut<'a>(&self, all: &'a [serde_json::Value]) -> &'a [serde_json::Value] {
        let size = self.per_page.unwrap_or(30).min(100);
        let from = (self.page.unwrap_or(1).saturating_sub(1) * size).min(all.len());
        &all[from..(from + size).min(all.len())]
    }
}

pub async fn jobs(
    State(forge): State<Forge>,
    Path((_, _, id, attempt)): At<(String, String, u64, usize)>,
    Query(paging): Query<Paging>,
) -> Response {
    let state = forge.lock();
    let Some((run, jobs)) =
        state.runs.get(&id).and_then(|run| run.attempts.get(attempt.wrapping_sub(1)).map(|jobs| (run, jobs)))
    else {
        return refuse(404, "Not Found");
    };
    let all: Vec<_> = jobs.iter().map(|job| super::state::State::job_json(run, attempt - 1, job)).collect();
    Json(json!({"total_count": all.len(), "jobs": paging.cut(&all)})).into_response()
}

fn rerun(forge: &Forge, id: u64, which: impl Fn(&Job) -> bool) -> Response {
    match forge.rerun(id, which) {
        Ok(()) => (StatusCode::CREATED, Json(json!({}))).into_response(),
        Err((status, words)) => refuse(status, words),
    }
}

pub async fn rerun_all(State(forge): State<Forge>, Path((_, _, id)): At<(String, String, u64)>) -> Response {
    rerun(&forge, id, |_| true)
}

pub async fn rerun_failed(State(forge): State<Forge>, Path((_, _, id)): At<(String, String, u64)>) -> Response {
    rerun(&forge, id, |job| job.conclusion != Some("success"))
}

pub async fn rerun_job(State(forge): State<Forge>, Path((_, _, id)): At<(String, String, u64)>) -> Response {
    let run = forge.lock().job(id).map(|(run, at, _)| (run.id, at + 1 == run.attempts.len()));
    match run {
        Some((run, true)) => rerun(&forge, run, |job| job.id == id),
        Some(_) => refuse(403, "Only jobs of the newest attempt can be re-run"),
        None => refuse(404, "Not Found"),
    }
}

pub async fn cancel(State(forge): State<Forge>, Path((_, _, id)): At<(String, String, u64)>) -> Response {
    match forge.cancel(id) {
        Ok(()) => (StatusCode::ACCEPTED, Json(json!({}))).into_response(),
        Err((status, words)) => refuse(status, words),
    }
}

/// A redirect to another place, as GitHub does it.
pub async fn logs(
    State(forge): State<Forge>,
    headers: HeaderMap,
    Path((_, _, id)): At<(String, String, u64)>,
) -> Response {
    if forge.lock().job(id).is_none() {
        return refuse(404, "Not Found");
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost").to_owned();
    (StatusCode::FOUND, [(header::LOCATION, format!("http://{host}/_logs/{id}"))]).into_response()
}

pub async fn log_file(State(forge): State<Forge>, Path(id): Path<u64>) -> Response {
    let state = forge.lock();
    let Some((run, _, job)) = state.job(id) else { return StatusCode::NOT_FOUND.into_response() };
    let spec = &run.spec.jobs[job.spec];
    let text = if job.conclusion.is_some_and(|c| c != "success") { spec.log.clone() } else { spec.green_log.clone() };
    ([(header::CONTENT_TYPE, "text/plain")], text).into_response()
}

pub async fn runners(State(forge): State<Forge>, Path((owner, repo)): At<(String, String)>) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let show = |(at, runner): (usize, &super::state::Runner)| {
        let labels: Vec<serde_json::Value> = runner.labels.iter().map(|label| json!({"name": label})).collect();
        json!({"id": at + 1, "name": runner.name, "status": if runner.online { "online" } else { "offline" }, "labels": labels})
    };
    let all: Vec<serde_json::Value> = repo.runners.iter().enumerate().map(show).collect();
    Json(json!({"total_count": all.len(), "runners": all})).into_response()
}

pub async fn branches(
    State(forge): State<Forge>,
    Path((owner, repo)): At<(String, String)>,
    Query(paging): Query<Paging>,
) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let show = |(name, sha): (&String, &String)| json!({"name": name, "commit": {"sha": sha, "url": ""}, "protected": repo.protected.contains(name)});
    let all: Vec<serde_json::Value> = repo.branches.iter().map(show).collect();
    Json(json!(paging.cut(&all))).into_response()
}

pub async fn branch(State(forge): State<Forge>, Path((owner, repo, branch)): At<(String, String, String)>) -> Response {
    let state = forge.lock();
    let repo = state.repos.get(&format!("{owner}/{repo}"));
    let protected = repo.is_some_and(|repo| repo.protected.contains(&branch));
    let sha = repo.and_then(|repo| repo.branches.get(&branch));
    match sha {
        Some(sha) => Json(json!({"name": branch, "commit": {"sha": sha}, "protected": protected})).into_response(),
        None => refuse(404, "Branch not found"),
    }
}

pub async fn commit(State(forge): State<Forge>, Path((owner, repo, sha)): At<(String, String, String)>) -> Response {
    let state = forge.lock();
    let Some(repo) = state.repos.get(&format!("{owner}/{repo}")) else { return refuse(404, "Not Found") };
    let author = repo.authors.get(&sha).map(|login| json!({"login": login, "type": "User"}));
    let message = repo.messages.get(&sha);
    if message.is_none() && author.is_none() {
        return refuse(422, "No commit found for SHA");
    }
    let message = message.cloned().unwrap_or_default();
    Json(json!({"sha": sha, "commit": {"message": message}, "author": author})).into_response()
}
