//! The console's routes.

use super::error::refusal;
use super::feed::Console;
use super::guard::guard;
use super::pages::{COPY, ICON, Pages, SCRIPT, STYLE};
use super::preview::{self, Preview};
use super::proxied::Proxy;
use super::session::Sessions;
use super::throttle::Throttle;
use super::ways::{self, Flows};
use super::{attempts, audit, board, channels, events, export, files, incident, integrations};
use super::{loops, offers, overview, people, say, shared, sign, statistics};
use crate::card::Words;
use crate::domain::actor::Role;
use crate::ports::{Ask, Clock, Directory, Door, Insight, Renewable, SignIn};
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use secrecy::SecretString;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Forms are small.
const FORM_BYTES_MAX: usize = 16 << 10;

/// Someone who may sit at the console.
#[derive(Clone, Debug, Serialize)]
pub struct Person {
    pub id: String,
    pub name: String,
    pub role: Role,
}

pub struct Settings {
    pub console: Arc<Console>,
    pub door: Arc<dyn Door>,
    pub ask: Arc<dyn Ask>,
    pub insight: Arc<dyn Insight>,
    /// Each way in or out with `on`, or why it is off.
    pub features: Arc<Vec<(String, String)>>,
    pub words: Arc<Words>,
    /// Who holds it signs in as the first of `people`.
    pub token: Renewable<Option<SecretString>>,
    /// The demo, where everybody has a seat and can change it.
    pub open: bool,
    /// The first is who signs in; the others can be switched to, in the demo only.
    pub people: Vec<Person>,
    /// Who people are that sign in as themselves.
    pub directory: Arc<dyn Directory>,
    pub ways: Vec<Arc<dyn SignIn>>,
    pub proxy: Option<Proxy>,
    /// Values of Host that are ours, with their port.
    pub hosts: Vec<String>,
    /// Those of them that are reached by TLS, ours or a proxy's, in lower case.
    pub tls_hosts: Vec<String>,
    pub clock: Arc<dyn Clock>,
    pub previews: Vec<Preview>,
}

pub(super) struct Inner {
    pub(super) console: Arc<Console>,
    pub(super) door: Arc<dyn Door>,
    pub(super) ask: Arc<dyn Ask>,
    pub(super) insight: Arc<dyn Insight>,
    pub(super) pulse: super::integrations::Pulse,
    pub(super) features: Arc<Vec<(String, String)>>,
    pub(super) words: Arc<Words>,
    pub(super) token: Renewable<Option<SecretString>>,
    pub(super) open: bool,
    pub(super) people: Vec<Person>,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) ways: Vec<Arc<dyn SignIn>>,
    pub(super) proxy: Option<Proxy>,
    pub(super) flows: Flows,
    pub(super) hosts: Vec<String>,
    pub(super) tls_hosts: Vec<String>,
    pub(super) previews: Vec<Preview>,
    pub(super) pages: Pages,
    pub(super) sessions: Sessions,
    pub(super) throttle: Throttle,
    pub(super) clock: Arc<dyn Clock>,
    /// Forms so far.
    pub(super) said: AtomicU64,
}

pub(super) type App = Arc<Inner>;

/// # Errors
/// A page's template does not compile.
pub fn router(settings: Settings) -> Result<Router, String> {
    let app: App = Arc::new(Inner {
        console: settings.console,
        door: settings.door,
        ask: settings.ask,
        insight: settings.insight,
        pulse: super::integrations::Pulse::default(),
        features: settings.features,
        words: settings.words,
        token: settings.token,
        open: settings.open,
        people: settings.people,
        directory: settings.directory,
        ways: settings.ways,
        proxy: settings.proxy,
        flows: Flows::new(settings.clock.clone()),
        hosts: settings.hosts,
        tls_hosts: settings.tls_hosts,
        previews: settings.previews,
        pages: Pages::new()?,
        sessions: Sessions::new(settings.clock.clone()),
        throttle: Throttle::new(settings.clock.clone()),
        clock: settings.clock,
        said: AtomicU64::new(0),
    });
    let guarded = axum::middleware::from_fn_with_state(Arc::clone(&app), guard);
    Ok(Router::new()
        .route("/", get(overview::feed))
        .route("/waiting", get(overview::waiting))
        .route("/history", get(overview::history))
        .route("/quarantines", get(board::page))
        .route("/quarantines/extend", post(say::extend))
        .route("/quarantines/release", post(say::release))
        .route("/subscriptions", get(channels::page))
        .route("/people", get(people::page))
        .route("/integrations", get(integrations::page))
        .route("/audit", get(audit::page))
        .route("/audit/entries.csv", get(audit::table))
        .route("/audit/entries.jsonl", get(audit::lines))
        .route("/loops", get(loops::page))
        .route("/loops/{proposal}", get(attempts::page))
        .route("/statistics", get(statistics::page))
        .route("/statistics/proposed.toml", get(statistics::proposed))
        .route("/history/incidents.csv", get(export::incidents))
        .route("/history/journal.csv", get(export::journal))
        .route("/help", get(overview::help))
        .route("/log/clear", post(say::clear_log))
        .route("/incidents/{no}", get(incident::page))
        .route("/incidents/{no}/as/{platform}", get(preview::page))
        .route("/copy.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], COPY) }))
        .route("/incidents/{no}/repro.sh", get(files::repro))
        .route("/incidents/{no}/rescue.log", get(files::record))
        .route("/incidents/{no}/patches/{n}", get(files::patch))
        .route("/events", get(events::events))
        .route("/command", post(say::command))
        .route("/press", post(say::press))
        .route("/offers", post(offers::offers))
        .route("/switch", post(sign::switch))
        .route("/sign-in", get(sign::page).post(sign::sign_in))
        .route("/sign-in/{way}", get(ways::begin))
        .route("/sign-in/{way}/back", get(ways::back))
        .route("/shared/{token}", get(shared::page))
        .route("/sign-out", post(sign::sign_out))
        .route("/console.css", get(|| async { ([(header::CONTENT_TYPE, "text/css")], STYLE) }))
        .route("/favicon.svg", get(|| async { ([(header::CONTENT_TYPE, "image/svg+xml")], ICON) }))
        .route("/console.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT) }))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(guarded)
        .with_state(app))
}

pub(super) async fn nothing_here(State(app): State<App>, headers: HeaderMap) -> Response {
    refusal(&app, &headers, StatusCode::NOT_FOUND, "No such page: go back to the incidents")
}
