//! The forge's own web: the part of GitHub's REST API that a bot like ours uses, logs, and git over HTTP.

use super::state::{Call, Forge};
use super::{
    access, actions, advisories, artifacts, checks, comments, contents, deployments, git, issues, labels, lost, pages,
    pulls, queues, workflows,
};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, patch, post};
use axum::{Json, Router as AxumRouter};
use serde_json::{Value, json};

/// All routes. `{web}` in addresses becomes the address that the request came to.
pub fn router(forge: Forge) -> Router {
    AxumRouter::new()
        .route("/users/{login}", get(account_of))
        .route("/user", get(|| async { Json(json!({"login": "sandbox-bot", "id": 2, "type": "User"})) }))
        .route("/app", get(app))
        .route("/meta", get(|| async { Json(json!({})) }))
        .route("/app/hook/deliveries", get(lost::deliveries))
        .route("/app/hook/deliveries/{id}/attempts", post(lost::again))
        .route("/advisories", get(advisories::list))
        .route("/app/installations", get(lost::installations))
        .route("/installation/repositories", get(lost::repositories))
        .route("/user/repos", get(lost::own_repositories))
        .route("/app/installations/{id}/access_tokens", post(access::mint))
        .route("/repos/{owner}/{repo}", get(actions::repository))
        .route("/repos/{owner}/{repo}/installation", get(|| async { Json(json!({"id": 11})) }))
        .route("/repos/{owner}/{repo}/actions/runners", get(actions::runners))
        .route("/repos/{owner}/{repo}/actions/runs", get(actions::runs))
        .route("/repos/{owner}/{repo}/actions/runs/{run}", get(actions::run))
        .route("/repos/{owner}/{repo}/actions/runs/{run}/jobs", get(actions::all_jobs))
        .route("/repos/{owner}/{repo}/actions/runs/{run}/attempts/{attempt}", get(actions::attempt))
        .route("/repos/{owner}/{repo}/actions/runs/{run}/attempts/{attempt}/jobs", get(actions::jobs))
        .route("/repos/{owner}/{repo}/actions/runs/{run}/artifacts", get(artifacts::list))
        .route("/repos/{owner}/{repo}/actions/artifacts/{id}/zip", get(artifacts::zip))
        .route("/_artifacts/{id}", get(artifacts::file))
        .route("/repos/{owner}/{repo}/actions/runs/{run}/rerun", post(actions::rerun_all))
        .route("/repos/{owner}/{repo}/actions/runs/{run}/rerun-failed-jobs", post(actions::rerun_failed))
        .route("/repos/{owner}/{repo}/actions/runs/{run}/cancel", post(actions::cancel))
        .route(
            "/repos/{owner}/{repo}/actions/runs/{run}/pending_deployments",
            get(deployments::pending).post(deployments::review),
        )
        .route("/repos/{owner}/{repo}/actions/runs/{run}/approvals", get(deployments::approvals))
        .route("/orgs/{org}/teams/{team}/memberships/{login}", get(deployments::membership))
        .route("/repos/{owner}/{repo}/actions/jobs/{job}/rerun", post(actions::rerun_job))
        .route("/repos/{owner}/{repo}/actions/jobs/{job}/logs", get(actions::logs))
        .route("/_logs/{job}", get(actions::log_file))
        .route("/repos/{owner}/{repo}/branches", get(actions::branches))
        .route("/repos/{owner}/{repo}/branches/{*branch}", get(actions::branch))
        .route("/repos/{owner}/{repo}/contents/{*path}", get(contents::file))
        .route("/graphql", post(queues::graphql))
        .route("/repos/{owner}/{repo}/actions/workflows", get(workflows::list))
        .route("/repos/{owner}/{repo}/actions/workflows/{id}/runs", get(workflows::runs))
        .route("/repos/{owner}/{repo}/pulls", get(pulls::list).post(pulls::create))
        .route("/repos/{owner}/{repo}/pulls/{number}", get(pulls::one).patch(pulls::edit))
        .route("/repos/{owner}/{repo}/pulls/{number}/commits", get(pulls::commits))
        .route("/repos/{owner}/{repo}/pulls/{number}/merge", axum::routing::put(pulls::merge))
        .route("/repos/{owner}/{repo}/commits/{sha}", get(actions::commit))
        .route("/repos/{owner}/{repo}/commits/{sha}/pulls", get(pulls::of_commit))
        .route("/repos/{owner}/{repo}/commits/{sha}/check-runs", get(checks::list))
        .route("/repos/{owner}/{repo}/commits/{sha}/status", get(checks::status))
        .route("/repos/{owner}/{repo}/check-runs/{id}/annotations", get(checks::annotations))
        .route("/repos/{owner}/{repo}/check-runs", post(checks::add))
        .route("/repos/{owner}/{repo}/check-runs/{id}", patch(checks::edit))
        .route("/repos/{owner}/{repo}/issues", get(issues::list).post(issues::create))
        .route("/repos/{owner}/{repo}/issues/{number}", patch(issues::edit))
        .route("/repos/{owner}/{repo}/assignees/{login}", get(issues::assignable))
        .route("/repos/{owner}/{repo}/issues/{number}/labels", get(labels::list).post(labels::add))
        .route("/repos/{owner}/{repo}/issues/{number}/labels/{label}", axum::routing::delete(labels::remove))
        .route("/repos/{owner}/{repo}/issues/{number}/comments", get(comments::list).post(comments::add))
        .route("/repos/{owner}/{repo}/issues/comments/{id}", patch(comments::edit).delete(comments::remove))
        .route("/repos/{owner}/{repo}/issues/comments/{id}/reactions", post(comments::react))
        .route("/repos/{owner}/{repo}/collaborators/{login}/permission", get(access::permission))
        .route("/{owner}/{repo}/actions/runs/{run}", get(pages::run))
        .route("/{owner}/{repo}/actions/runs/{run}/job/{job}", get(pages::job))
        .route("/{owner}/{repo}/pull/{number}", get(pages::pull))
        .route("/{owner}/{repo}/issues/{number}", get(pages::issue))
        .route("/{owner}/{repo}/commit/{sha}", get(pages::commit))
        .route("/git/{*path}", any(git::http))
        .route("/{owner}/{repo}/info/refs", any(git::http_at))
        .route("/{owner}/{repo}/git-upload-pack", any(git::http_at))
        .route("/{owner}/{repo}/git-receive-pack", any(git::http_at))
        .fallback(page)
        .layer(from_fn_with_state(forge.clone(), record))
        .with_state(forge)
}

async fn app(State(forge): State<Forge>) -> Json<Value> {
    Json(json!({"id": forge.lock().app_id, "slug": "ci-rescue-sandbox", "name": "CI Rescue sandbox"}))
}

async fn page() -> Response {
    (StatusCode::NOT_FOUND, "The sandbox forge has no such page.\n").into_response()
}

/// Notes every request, answers with a planted fault, and fills in our own address.
async fn record(State(forge): State<Forge>, request: Request, next: Next) -> Response {
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).map(str::to_owned);
    let web = web_address(request.headers());
    let fault = {
        let mut state = forge.lock();
        let at = state.faults.iter().position(|fault| fault.method == method && path.ends_with(&fault.path));
        at.map(|at| state.faults.remove(at))
    };
    let response = match &fault {
        Some(fault) if !fault.after => StatusCode::OK.into_response(),
        _ => match moved(&forge, &request) {
            Some(response) => response,
            None => next.run(request).await,
        },
    };
    let response = match fault {
        Some(fault) => {
            let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut answer = (status, Json(json!({"message": "a planted fault"}))).into_response();
            for (name, value) in &fault.headers {
                if let (Ok(name), Ok(value)) = (name.parse::<header::HeaderName>(), value.parse()) {
                    answer.headers_mut().insert(name, value);
                }
            }
            answer
        }
        None => response,
    };
    let held = {
        let mut state = forge.lock();
        let at = state.held.iter().position(|held| held.method == method && path.ends_with(&held.path));
        at.map(|at| state.held.remove(at))
    };
    if let Some(held) = held {
        held.made.notify_one();
        held.go.notified().await;
    }
    let response = count_down(&forge, response);
    forge.lock().calls.push(Call {
        method: method.clone(),
        path: path.clone(),
        authorization,
        status: response.status().as_u16(),
    });
    // A caller that dies now has been served all the same.
    if method == "POST" {
        let pause = forge.latency_ms.load(std::sync::atomic::Ordering::Relaxed);
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
    }
    if path.starts_with("/repos/") { fill_in(response, &web).await } else { response }
}

async fn account_of(State(forge): State<Forge>, Path(login): Path<String>) -> Response {
    match forge.account_id(&login) {
        Some(id) => Json(json!({"login": login, "id": id, "type": "User"})).into_response(),
        None => refuse(404, "Not Found"),
    }
}

/// Tells how many calls are left, where that is played.
fn count_down(forge: &Forge, mut response: Response) -> Response {
    let now = (forge.now)();
    let mut state = forge.lock();
    let Some(left) = &mut state.calls_left else { return response };
    *left = left.saturating_sub(1);
    for (name, value) in [
        ("x-ratelimit-limit", 5_000),
        ("x-ratelimit-remaining", *left),
        ("x-ratelimit-reset", u64::try_from(now / 1_000).unwrap_or(0) + 3_600),
    ] {
        response.headers_mut().insert(name, value.into());
    }
    drop(state);
    response
}

/// A renamed repository's old address leads to its new one.
fn moved(forge: &Forge, request: &Request) -> Option<Response> {
    let path = request.uri().path_and_query()?.as_str().strip_prefix("/repos/")?;
    let state = forge.lock();
    let (from, to) = state.renamed.iter().find(|(from, _)| {
        path.strip_prefix(from.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    })?;
    let status = if request.method() == "GET" { 301 } else { 307 };
    let to = format!("{}/repos/{to}{}", web_address(request.headers()), &path[from.len()..]);
    let status = StatusCode::from_u16(status).ok()?;
    Some((status, [(header::LOCATION, to)], Json(json!({"message": "Moved Permanently"}))).into_response())
}

fn web_address(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
    format!("http://{host}")
}

async fn fill_in(response: Response, web: &str) -> Response {
    let (parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let text = String::from_utf8_lossy(&bytes).replace("{web}", web);
    let mut response = Response::from_parts(parts, Body::from(text));
    response.headers_mut().remove(header::CONTENT_LENGTH);
    response
}

/// GitHub's form of an error.
pub fn refuse(status: u16, message: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(json!({"message": message, "documentation_url": "https://docs.github.com/rest"}))).into_response()
}
