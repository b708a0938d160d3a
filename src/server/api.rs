//! The JSON API, with its `OpenAPI` document at `/api/openapi.json`.

use super::Doors;
use super::doors::{is_token, refuse, token};
use super::limits::Unread;
use super::shapes::{
    BudgetAnswer, CiHook, CiHookAnswer, ClassifyAnswer, ClassifyRequest, IncidentView, IncidentsAnswer,
    IntegrationView, QuarantineAnswer, RemediateAnswer, RemediateRequest, StatusAnswer, TroubleView, rfc3339,
};
use super::{audit, export, history, policy, sinks, store};
use crate::ports::{CiFailure, Query};
use axum::extract::{Path, Query as Params, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoParams, Modify, OpenApi};

pub fn routes() -> Router<Doors> {
    Router::new()
        .route("/api/incidents", get(incidents))
        .route("/api/incidents/{id}", get(incident))
        .route("/api/status", get(status))
        .route("/api/fixed", post(fixed))
        .route("/api/loops", get(loops))
        .route("/api/budget", get(budget))
        .route("/api/classify", post(classify))
        .route("/api/quarantine/{owner}/{repo}", get(quarantine))
        .route("/api/openapi.json", get(|| async { Json(Document::openapi()) }))
        .merge(store::routes())
        .merge(history::routes())
        .merge(export::routes())
        .merge(audit::routes())
        .merge(policy::routes())
        .merge(sinks::routes())
}

#[derive(OpenApi)]
#[openapi(
    info(title = "CI Rescue", description = "Incidents, and what may be asked of the bot."),
    paths(incidents, incident, status, fixed, loops, budget, classify, quarantine, ci_hook, remediate, store::backup, store::verify, history::import, history::score, history::classify, history::fill, export::export, audit::audit, policy::policy, policy::try_policy, sinks::record, sinks::replay),
    modifiers(&Tokens)
)]
struct Document;

struct Tokens;

impl Modify for Tokens {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_with(Default::default);
        for (name, key) in [
            ("read", "api.read_token, or api.act_token"),
            ("act", "api.act_token"),
            ("hook", "hooks.token, in X-Bot-Token too"),
        ] {
            let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(key)).build();
            components.add_security_scheme(name, SecurityScheme::Http(bearer));
        }
    }
}

// Described here, served by the public listener.

/// A failed run of any CI system.
///
/// It can open a card; nothing is written until the forge confirms the run. At most 512 KB.
#[utoipa::path(post, path = "/hooks/ci", request_body = CiHook, security(("hook" = [])),
    responses((status = 202, body = CiHookAnswer), (status = 400), (status = 401), (status = 413)))]
#[allow(dead_code)]
fn ci_hook() {}

/// A failed `workflow_run` that a sensor forwards, bare or under `body`. Answers who looks after it.
#[utoipa::path(post, path = "/api/remediate/ci-failure", request_body = RemediateRequest, security(("act" = [])),
    responses((status = 202, body = RemediateAnswer), (status = 400), (status = 401)))]
#[allow(dead_code)]
fn remediate() {}

/// The read token, or the act token, which may do more.
pub fn may_read(doors: &Doors, headers: &HeaderMap) -> Result<(), Response> {
    let given = token(headers);
    if is_token(given, &doors.read_token) || is_token(given, &doors.act_token) {
        return Ok(());
    }
    Err(refuse(StatusCode::UNAUTHORIZED, "send api.read_token as a bearer token, in a header"))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ListParams {
    /// owner/name
    repo: Option<String>,
    /// open, `awaiting_approval`, running, resolved, quarantined or escalated
    stage: Option<String>,
    /// the `next` of the page before
    before: Option<u64>,
    /// at most 200
    limit: Option<usize>,
}

/// Incidents, newest first: 50 a page unless `limit` says otherwise.
#[utoipa::path(get, path = "/api/incidents", params(ListParams), security(("read" = [])),
    responses((status = 200, body = IncidentsAnswer), (status = 400), (status = 401)))]
async fn incidents(State(doors): State<Doors>, headers: HeaderMap, Params(params): Params<ListParams>) -> Response {
    const LIMIT: usize = 50;
    const LIMIT_MAX: usize = 200;
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    let Ok(stage) = params.stage.map(|stage| serde_json::from_value(stage.into())).transpose() else {
        let why = "stage: open, awaiting_approval, running, resolved, quarantined or escalated";
        return refuse(StatusCode::BAD_REQUEST, why);
    };
    let limit = params.limit.unwrap_or(LIMIT).clamp(1, LIMIT_MAX);
    let query = Query { repo: params.repo, stage, before: params.before, limit, ..Query::default() };
    match doors.ask.incidents(query).await {
        Ok((found, next)) => {
            Json(IncidentsAnswer { incidents: found.iter().map(IncidentView::of).collect(), next }).into_response()
        }
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

/// One incident.
#[utoipa::path(get, path = "/api/incidents/{id}", params(("id" = String, Path, description = "42 or #42")), security(("read" = [])),
    responses((status = 200, body = IncidentView), (status = 400), (status = 401), (status = 404)))]
async fn incident(State(doors): State<Doors>, headers: HeaderMap, Path(id): Path<String>) -> Response {
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    let no: crate::domain::IncidentNo = match id.parse() {
        Ok(no) => no,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, format!("{why}")),
    };
    let query = Query { no: Some(no), before: Some(no.0.saturating_add(1)), limit: 1, ..Query::default() };
    match doors.ask.incidents(query).await {
        Ok((found, _)) => match found.first() {
            Some(incident) => Json(IncidentView::of(incident)).into_response(),
            None => refuse(StatusCode::NOT_FOUND, format!("there is no incident {no}")),
        },
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

/// Tries at once what waits for something to be fixed on a chat platform.
#[utoipa::path(post, path = "/api/fixed", security(("act" = [])), responses((status = 204), (status = 401)))]
async fn fixed(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    if let Err(answer) = store::may_act(&doors, &headers) {
        return answer;
    }
    doors.door.fixed(None);
    StatusCode::NO_CONTENT.into_response()
}

/// Queues, dead letters, the emergency stop, integrations, and what waits for somebody to fix it.
#[utoipa::path(get, path = "/api/status", security(("read" = [])), responses((status = 200, body = StatusAnswer), (status = 401)))]
async fn status(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    let asked = (doors.ask.counts().await, doors.ask.hold().await, doors.ask.troubles().await);
    let (counts, hold, troubles) = match asked {
        (Ok(counts), Ok(hold), Ok(troubles)) => (counts, hold, troubles),
        (Err(why), ..) | (_, Err(why), _) | (.., Err(why)) => {
            return refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string());
        }
    };
    Json(StatusAnswer {
        version: env!("CARGO_PKG_VERSION").into(),
        hold: hold.map(|hold| hold.by),
        inbox: counts.inbox,
        outbox: counts.outbox,
        timers: counts.timers,
        cards_behind: counts.behind.values().sum(),
        dead_letters: counts.dead,
        cards_given_up: counts.given_up,
        troubles: troubles.iter().map(TroubleView::of).collect(),
        incidents: counts.incidents,
        open: counts.open,
        features: doors.integrations.iter().cloned().collect(),
        integrations: doors.health.look().iter().map(IntegrationView::of).collect(),
    })
    .into_response()
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct LoopParams {
    /// active or history
    state: Option<String>,
}

/// Loops of fixing agents, newest first, at most 100: all, or with `state` those at work or those that ended.
#[utoipa::path(get, path = "/api/loops", params(LoopParams), security(("read" = [])), responses((status = 200), (status = 400), (status = 401)))]
async fn loops(State(doors): State<Doors>, headers: HeaderMap, Params(params): Params<LoopParams>) -> Response {
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    match params.state.as_deref() {
        None => shown(&doors, None).await,
        Some("active") => shown(&doors, Some(true)).await,
        Some("history") => shown(&doors, Some(false)).await,
        Some(_) => refuse(StatusCode::BAD_REQUEST, "state: active or history"),
    }
}

async fn shown(doors: &Doors, active: Option<bool>) -> Response {
    match doors.ask.loops(active).await {
        Ok(loops) => Json(json!({"loops": loops})).into_response(),
        Err(why) => refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string()),
    }
}

/// Whether automatic changes are allowed now, and what agents spent today and may spend, in US dollars.
#[utoipa::path(get, path = "/api/budget", security(("read" = [])), responses((status = 200, body = BudgetAnswer), (status = 401)))]
async fn budget(State(doors): State<Doors>, headers: HeaderMap) -> Response {
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    let budget = doors.ask.budget().await;
    Json(BudgetAnswer {
        allowed: budget.allowed,
        reason: budget.reason,
        daily_spend: budget.daily_spend,
        daily_limit: budget.daily_limit,
        per_loop_limit: budget.per_loop_limit,
        circuit_breaker_until: budget.circuit_breaker_until.map(rfc3339),
        consecutive_failures: budget.consecutive_failures,
    })
    .into_response()
}

/// The category of a log, and the model that an agent would get for it. Nothing is stored. At most 512 KB.
#[utoipa::path(post, path = "/api/classify", request_body = ClassifyRequest, security(("read" = [])),
    responses((status = 200, body = ClassifyAnswer), (status = 400), (status = 401), (status = 413)))]
async fn classify(State(doors): State<Doors>, unread: Unread) -> Response {
    if let Err(answer) = may_read(&doors, &unread.headers) {
        return answer;
    }
    let (bytes, _held) = match unread.whole(super::HOOK_BYTES_MAX).await {
        Ok(whole) => whole,
        Err(answer) => return answer,
    };
    let request: ClassifyRequest = match serde_json::from_slice(&bytes) {
        Ok(request) => request,
        Err(why) => {
            return refuse(StatusCode::BAD_REQUEST, format!("the body is not the JSON that is taken here: {why}"));
        }
    };
    if request.logs.is_none() && request.failed_jobs.is_none() {
        return refuse(StatusCode::BAD_REQUEST, "missing: logs or failed_jobs");
    }
    let failure = CiFailure {
        jobs: request.failed_jobs.unwrap_or_default(),
        logs: request.logs.unwrap_or_default(),
        ..CiFailure::default()
    };
    let answered = doors.ask.classify(&failure);
    let recommended_model = answered.model;
    Json(ClassifyAnswer {
        category: answered.category.as_str().into(),
        confidence: answered.confidence,
        recommended_model,
    })
    .into_response()
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct QuarantineParams {
    /// json, or a framework: then the answer is arguments for its runner, a line each
    form: Option<String>,
}

/// The tests that do not count in a repository now. As arguments: those alone that are skipped nowhere in the code.
#[utoipa::path(get, path = "/api/quarantine/{owner}/{repo}",
    params(("owner" = String, Path), ("repo" = String, Path), QuarantineParams), security(("read" = [])),
    responses((status = 200, body = QuarantineAnswer), (status = 400), (status = 401)))]
async fn quarantine(
    State(doors): State<Doors>,
    headers: HeaderMap,
    Path((owner, repo)): Path<(String, String)>,
    Params(params): Params<QuarantineParams>,
) -> Response {
    if let Err(answer) = may_read(&doors, &headers) {
        return answer;
    }
    let repo = match format!("{owner}/{repo}").parse::<crate::domain::Repo>() {
        Ok(repo) => repo,
        Err(why) => return refuse(StatusCode::BAD_REQUEST, why.to_string()),
    };
    let unavailable = |why: crate::ports::StoreError| refuse(StatusCode::SERVICE_UNAVAILABLE, why.to_string());
    match params.form.as_deref() {
        None | Some("json") => match doors.ask.quarantined(&repo).await {
            Ok(all) => Json(QuarantineAnswer::of(&repo, &all)).into_response(),
            Err(why) => unavailable(why),
        },
        Some(form) => match doors.ask.left_out(&repo, form).await {
            Ok(Ok(text)) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
            Ok(Err(why)) => refuse(StatusCode::BAD_REQUEST, why),
            Err(why) => unavailable(why),
        },
    }
}
