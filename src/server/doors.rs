//! The public listener's routes.

use super::limits::{Unread, json_only};
use super::shapes::{CiHook, CiHookAnswer, RemediateAnswer, RemediateRequest, failure_type};
use super::{Doors, HOOK_BYTES_MAX, Token, WEBHOOK_BYTES_MAX, api, probes};
use crate::domain::Repo;
use crate::domain::ids::Digest;
use crate::ports::{Accepted, CiFailure, Endpoint, Headers, NotTaken, Origin, Proof, Raw, Refusal, Verified, Verifier};
use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use ring::hmac;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use std::sync::Arc;
use subtle::ConstantTimeEq;

/// An error in JSON, with what to do next in words.
pub fn refuse(status: StatusCode, why: impl Into<String>) -> Response {
    let why = why.into();
    let mut answer = (status, Json(json!({"error": why}))).into_response();
    answer.extensions_mut().insert(Refused(why));
    answer
}

/// Why, for the log.
#[derive(Clone)]
pub struct Refused(pub String);

/// The public routes.
pub fn public(doors: Doors) -> Router {
    let mut routes = Router::new();
    for endpoint in doors.endpoints.clone() {
        let path = endpoint.path();
        let taken = move |unread: Unread| call(endpoint, unread);
        routes = routes.route(path, post(taken));
    }
    routes
        .route("/webhooks/github", post(github))
        .route("/hooks/ci", post(ci_hook))
        .route("/api/remediate/ci-failure", post(remediate))
        .merge(api::routes())
        .route("/health", get(probes::health))
        .route("/ready", get(probes::ready))
        .fallback(|| async { refuse(StatusCode::NOT_FOUND, "there is nothing here") })
        .method_not_allowed_fallback(|| async {
            refuse(StatusCode::METHOD_NOT_ALLOWED, "this address takes another method")
        })
        .with_state(doors)
}

fn own_headers(headers: &HeaderMap, wanted: &str) -> Headers {
    let mine = headers.iter().filter(|(name, _)| name.as_str().starts_with(wanted));
    Headers(mine.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect())
}

async fn github(State(doors): State<Doors>, unread: Unread) -> Response {
    let Some(verifier) = doors.github.clone() else {
        return refuse(StatusCode::UNAUTHORIZED, "no webhook secret is configured: set github.webhook_secret");
    };
    if let Err(answer) = json_only(&unread.headers) {
        return answer;
    }
    // A delivery without a signature is not worth reading.
    let headers = own_headers(&unread.headers, "x-");
    let mut arriving = match verifier.begin(&headers) {
        Ok(arriving) => arriving,
        Err(why) => return refused(&why),
    };
    let (body, _held) = match unread.each(WEBHOOK_BYTES_MAX, |piece| arriving.take(piece)).await {
        Ok(whole) => whole,
        Err(answer) => return answer,
    };
    match Verified::by(&*arriving, Raw { source: "github", headers, body }) {
        Ok(verified) => accepted(&doors, verified).await,
        Err(why) => refused(&why),
    }
}

/// An integration's call, at most as large as a webhook.
async fn call(endpoint: Arc<dyn Endpoint>, unread: Unread) -> Response {
    let headers = own_headers(&unread.headers, "x-");
    if let Err(why) = endpoint.admit(&headers) {
        return refused(&why);
    }
    let (body, _held) = match unread.whole(HOOK_BYTES_MAX).await {
        Ok(whole) => whole,
        Err(answer) => return answer,
    };
    match endpoint.answer(headers, body).await {
        Ok(Some(answer)) => Json(answer).into_response(),
        Ok(None) => StatusCode::OK.into_response(),
        Err(NotTaken::Refused(why)) => refused(&why),
        Err(NotTaken::Lost(why)) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

fn refused(why: &Refusal) -> Response {
    let status = match why {
        Refusal::Unauthorized(_) => StatusCode::UNAUTHORIZED,
        Refusal::BadRequest(_) => StatusCode::BAD_REQUEST,
        Refusal::Unsupported(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
    };
    tracing::debug!(%why, "refused a delivery");
    refuse(status, why.to_string())
}

async fn accepted(doors: &Doors, verified: Verified) -> Response {
    match doors.door.accept(verified).await {
        Ok(Accepted::New) => (StatusCode::ACCEPTED, Json(json!({"accepted": true}))).into_response(),
        Ok(Accepted::Duplicate) => {
            (StatusCode::ACCEPTED, Json(json!({"accepted": true, "duplicate": true}))).into_response()
        }
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

/// The token of a request: `X-Bot-Token`, or `Authorization: Bearer`. Never from the address.
pub fn token(headers: &HeaderMap) -> Option<&str> {
    let plain = headers.get("x-bot-token").and_then(|value| value.to_str().ok());
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    plain.or_else(|| bearer.and_then(|text| text.strip_prefix("Bearer ")))
}

/// In constant time. Nothing matches where nothing is configured.
pub fn is_token(given: Option<&str>, wanted: &Token) -> bool {
    match (given, &*wanted.get()) {
        (Some(given), Some(wanted)) if !wanted.expose_secret().is_empty() => {
            // Digests have one length, so that the comparison tells nothing of the token's.
            let hash = |text: &str| Digest::of([text.as_bytes()]);
            hash(given).as_str().as_bytes().ct_eq(hash(wanted.expose_secret()).as_str().as_bytes()).into()
        }
        _ => false,
    }
}

/// A signature's bytes, as GitHub writes it.
fn code(header: &str) -> Option<Vec<u8>> {
    let hex = header.strip_prefix("sha256=").filter(|hex| hex.len() == 64 && hex.is_ascii())?;
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).ok()).collect()
}

/// HMAC with SHA-256 over the raw body, in constant time. Nothing is signed where no secret is configured.
fn is_signed(code: Option<&[u8]>, body: &[u8], secret: &Token) -> bool {
    match (code, secret.get().as_ref().as_ref().map(ExposeSecret::expose_secret)) {
        (Some(code), Some(secret)) if !secret.is_empty() => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            hmac::verify(&key, body, code).is_ok()
        }
        _ => false,
    }
}

/// Proof by token: the body's hash is the delivery's name, so that a repeated call is one delivery.
struct ByToken {
    kind: &'static str,
}

impl Verifier for ByToken {
    fn verify(&self, raw: &Raw) -> Result<Proof, Refusal> {
        Ok(Proof {
            origin: Origin::Token,
            id: Digest::of([raw.body.as_slice()]).short().to_owned(),
            kind: self.kind.into(),
            press: None,
        })
    }
}

async fn ci_hook(State(doors): State<Doors>, unread: Unread) -> Response {
    let known = is_token(token(&unread.headers), &doors.hook_token);
    let code = own_headers(&unread.headers, "x-hub-").one("x-hub-signature-256").and_then(code);
    let strange = || {
        refuse(
            StatusCode::UNAUTHORIZED,
            "send hooks.token in X-Bot-Token or as a bearer token, or sign the body with it",
        )
    };
    if !known && code.is_none() {
        return strange();
    }
    let (bytes, _held) = match unread.whole(HOOK_BYTES_MAX).await {
        Ok(whole) => whole,
        Err(answer) => return answer,
    };
    if !known && !is_signed(code.as_deref(), &bytes, &doors.hook_token) {
        return strange();
    }
    let hook: CiHook = match serde_json::from_slice(&bytes) {
        Ok(hook) => hook,
        Err(why) => {
            return refuse(StatusCode::BAD_REQUEST, format!("the body is not the JSON that is taken here: {why}"));
        }
    };
    let (run_id, repo, jobs) = match required(&doors, &hook) {
        Ok(all) => all,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, why),
    };
    let logs = hook.logs_tail.unwrap_or_default();
    let told = json!({"repo": repo.as_str(), "ref": hook.git_ref, "sha": hook.sha, "run_id": run_id,
        "run_attempt": hook.run_attempt, "workflow": hook.workflow, "conclusion": hook.conclusion, "failed_jobs": jobs,
        "run_url": hook.run_url, "logs_tail": logs});
    let category = doors.ask.classify(&CiFailure { jobs, logs, ..CiFailure::default() }).category;
    if let Err(answer) = tell(&doors, "ci", &told).await {
        return answer;
    }
    let budget_remaining = doors.ask.budget().await.remaining;
    let answer = CiHookAnswer { accepted: true, run_id, category: category.as_str().into(), budget_remaining };
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}

/// The fields that have to be there; the error names all that are missing.
fn required(doors: &Doors, hook: &CiHook) -> Result<(u64, Repo, Vec<String>), String> {
    let mut missing = Vec::new();
    if hook.run_id.is_none() {
        missing.push("run_id");
    }
    if hook.repo.is_none() {
        missing.push("repo");
    }
    if hook.failed_jobs.is_none() {
        missing.push("failed_jobs");
    }
    match (hook.run_id, &hook.repo, &hook.failed_jobs) {
        (Some(run), Some(repo), Some(jobs)) => Ok((run, repository(doors, "repo", repo)?, jobs.clone())),
        _ => Err(format!("missing: {}", missing.join(", "))),
    }
}

/// The repository that a call names. By a masked name nobody would find it again.
fn repository(doors: &Doors, field: &str, name: &str) -> Result<Repo, String> {
    let repo = name.parse::<Repo>().map_err(|why| format!("{field}: {why}"))?;
    if !doors.door.keeps(&json!({"repo": name}).to_string()) {
        return Err(format!("{field}: the name looks like a secret, and secrets are masked before anything is kept"));
    }
    Ok(repo)
}

async fn tell(doors: &Doors, kind: &'static str, told: &Value) -> Result<Accepted, Response> {
    let raw = Raw { source: "hooks", headers: Headers::default(), body: told.to_string().into_bytes() };
    let verified = Verified::by(&ByToken { kind }, raw).map_err(|why| refused(&why))?;
    doors.door.accept(verified).await.map_err(|why| refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()))
}

async fn remediate(State(doors): State<Doors>, unread: Unread) -> Response {
    if !is_token(token(&unread.headers), &doors.act_token) {
        return refuse(StatusCode::UNAUTHORIZED, "send api.act_token as a bearer token");
    }
    let (bytes, _held) = match unread.whole(HOOK_BYTES_MAX).await {
        Ok(whole) => whole,
        Err(answer) => return answer,
    };
    let request = serde_json::from_slice::<Value>(&bytes).and_then(|mut value| {
        let inner = value.get_mut("body").map(Value::take).unwrap_or(value);
        serde_json::from_value::<RemediateRequest>(inner)
    });
    match request {
        Ok(request) => remediate_run(&doors, request).await,
        Err(why) => refuse(StatusCode::BAD_REQUEST, format!("the body is not the JSON that is taken here: {why}")),
    }
}

async fn remediate_run(doors: &Doors, request: RemediateRequest) -> Response {
    let run = request.workflow_run.unwrap_or_default();
    let name = request.repository.and_then(|repository| repository.full_name);
    let (Some(run_id), Some(name)) = (run.id, name) else {
        return refuse(StatusCode::BAD_REQUEST, "missing: workflow_run.id or repository.full_name");
    };
    let repo = match repository(doors, "repository.full_name", &name) {
        Ok(repo) => repo,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, why),
    };
    let workflow = run.name.clone().unwrap_or_default();
    let path = run.path.clone().unwrap_or_default();
    let failure = CiFailure { workflow: workflow.clone(), path, jobs: vec![workflow.clone()], ..CiFailure::default() };
    let route = doors.ask.route(&failure);
    let category = doors.ask.classify(&failure).category;
    let failed = run
        .conclusion
        .as_deref()
        .is_none_or(|c| matches!(c, "failure" | "timed_out" | "startup_failure" | "cancelled"));
    let known = doors.ask.known_run(repo.as_str(), run_id).await.is_some();
    let mut dedup = if known { "existing" } else { "new" };
    if failed && !known {
        let message = run.head_commit.and_then(|commit| commit.message);
        let told = json!({"repo": repo.as_str(), "ref": run.head_branch, "sha": run.head_sha, "run_id": run_id, "failed_jobs": [],
            "workflow": workflow, "message": message, "run_url": run.html_url});
        match tell(doors, "remediate", &told).await {
            Ok(Accepted::Duplicate) => dedup = "existing",
            Ok(Accepted::New) => {}
            Err(answer) => return answer,
        }
    } else if !failed {
        dedup = "skipped";
    }
    let digest = Digest::of([repo.as_str().as_bytes(), run_id.to_string().as_bytes()]);
    let answer = RemediateAnswer {
        status: if dedup == "skipped" { "skipped".into() } else { "accepted".into() },
        coderun_name: format!("rescue-ci-{}-{}", route.specialist.to_lowercase(), &digest.as_str()[..8]),
        failure_type: failure_type(&route.area, category),
        agent: route.specialist.to_lowercase(),
        dedup_status: dedup.into(),
    };
    (StatusCode::ACCEPTED, Json(answer)).into_response()
}
