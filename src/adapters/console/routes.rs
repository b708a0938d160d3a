//! The console's routes.

use super::decode::Said;
use super::error::{CHECK_FAILED, NO_INCIDENT, SESSION_ENDED, refusal};
use super::feed::{Console, Update};
use super::files;
use super::guard::guard;
use super::overview;
use super::pages::{self, COPY, CardView, ICON, Pages, SCRIPT, STYLE};
use super::preview::{self, Preview};
use super::session::{COOKIE, Session, Sessions, cookies};
use super::sign;
use crate::card::Words;
use crate::domain::IncidentNo;
use crate::domain::actor::Role;
use crate::domain::ids::Digest;
use crate::domain::incident::{Incident, ProposalState};
use crate::ports::{Ask, Door, Headers, Origin, Proof, Query, Raw, Refusal, Verified, Verifier};
use axum::Form;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use futures::{Stream, StreamExt};
use minijinja::value::Serde;
use minijinja::{Value, context};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio_stream::wrappers::BroadcastStream;

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
    pub words: Arc<Words>,
    /// Absent in the demo.
    pub token: Option<Arc<SecretString>>,
    /// The first is who signs in; the others can be switched to, in the demo only.
    pub people: Vec<Person>,
    /// Values of Host that are ours, with their port.
    pub hosts: Vec<String>,
    pub previews: Vec<Preview>,
}

pub(super) struct Inner {
    pub(super) console: Arc<Console>,
    door: Arc<dyn Door>,
    pub(super) ask: Arc<dyn Ask>,
    words: Arc<Words>,
    pub(super) token: Option<Arc<SecretString>>,
    pub(super) people: Vec<Person>,
    pub(super) hosts: Vec<String>,
    pub(super) previews: Vec<Preview>,
    pub(super) pages: Pages,
    pub(super) sessions: Sessions,
    said: AtomicU64,
}

pub(super) type App = Arc<Inner>;

/// # Errors
/// A page's template does not compile.
pub fn router(settings: Settings) -> Result<Router, String> {
    let app: App = Arc::new(Inner {
        console: settings.console,
        door: settings.door,
        ask: settings.ask,
        words: settings.words,
        token: settings.token,
        people: settings.people,
        hosts: settings.hosts,
        previews: settings.previews,
        pages: Pages::new()?,
        sessions: Sessions::default(),
        said: AtomicU64::new(0),
    });
    let guarded = axum::middleware::from_fn_with_state(Arc::clone(&app), guard);
    Ok(Router::new()
        .route("/", get(overview::feed))
        .route("/waiting", get(overview::waiting))
        .route("/history", get(overview::history))
        .route("/quarantines", get(overview::quarantines))
        .route("/help", get(overview::help))
        .route("/log/clear", post(clear_log))
        .route("/incidents/{no}", get(incident))
        .route("/incidents/{no}/as/{platform}", get(preview::page))
        .route("/copy.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], COPY) }))
        .route("/incidents/{no}/repro.sh", get(files::repro))
        .route("/incidents/{no}/patches/{n}", get(files::patch))
        .route("/events", get(events))
        .route("/command", post(command))
        .route("/press", post(press))
        .route("/switch", post(sign::switch))
        .route("/sign-in", get(sign::page).post(sign::sign_in))
        .route("/sign-out", post(sign::sign_out))
        .route("/console.css", get(|| async { ([(header::CONTENT_TYPE, "text/css")], STYLE) }))
        .route("/favicon.svg", get(|| async { ([(header::CONTENT_TYPE, "image/svg+xml")], ICON) }))
        .route("/console.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT) }))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .layer(guarded)
        .with_state(app))
}

pub(super) fn session(app: &App, headers: &HeaderMap) -> Option<Session> {
    cookies(headers, COOKIE).find_map(|id| app.sessions.get(id))
}

pub(super) fn set_cookie(session: &Session) -> [(header::HeaderName, String); 1] {
    [(header::SET_COOKIE, format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", session.id))]
}

/// The session, or where to get one. In the demo everybody has one.
pub(super) fn enter(app: &App, headers: &HeaderMap) -> Result<(Session, bool), Response> {
    if let Some(session) = session(app, headers) {
        return Ok((session, false));
    }
    let first = app.people.first().filter(|_| app.token.is_none());
    match first.and_then(|person| app.sessions.open(&person.id)) {
        Some(session) => Ok((session, true)),
        None => Err(Redirect::to("/sign-in").into_response()),
    }
}

pub(super) async fn nothing_here(State(app): State<App>, headers: HeaderMap) -> Response {
    refusal(&app, &headers, StatusCode::NOT_FOUND, "No such page: go back to the incidents")
}

pub(super) fn page(session: &Session, fresh: bool, html: String) -> Response {
    if fresh { (set_cookie(session), Html(html)).into_response() } else { Html(html).into_response() }
}

pub(super) async fn render(
    app: &App,
    name: &str,
    session: &Session,
    thread: &str,
    cards: &[CardView],
    more: Value,
) -> String {
    let hold = banner(app).await.unwrap_or_default();
    let log = app.console.log(&session.person);
    let people: &[Person] = if app.token.is_none() { &app.people } else { &[] };
    app.pages.render(
        name,
        context! {
            csrf => &session.csrf, person => &session.person, hold, thread, page => name,
            log => Value::from(Serde(&log)),
            people => Value::from(Serde(people)), cards => Value::from(Serde(cards)), ..more
        },
    )
}

/// The emergency stop as markup; empty when there is none.
async fn banner(app: &App) -> Option<String> {
    let Some(hold) = app.ask.hold().await.ok()? else { return Some(String::new()) };
    let reason = hold.reason.as_ref().map(|reason| reason.line(300));
    Some(app.pages.render("hold.html", context! { by => hold.by, at => pages::rfc3339(hold.at), reason }))
}

#[derive(Serialize)]
struct EntryView {
    at: String,
    by: Option<String>,
    text: String,
}

pub(super) async fn look_up(app: &App, no: &str) -> Option<Incident> {
    let no = no.parse::<IncidentNo>().ok()?;
    let query = Query { no: Some(no), before: Some(no.0.saturating_add(1)), limit: 1, ..Query::default() };
    app.ask.incidents(query).await.map(|(found, _)| found).unwrap_or_default().into_iter().next()
}

async fn incident(State(app): State<App>, headers: HeaderMap, Path(no): Path<String>) -> Response {
    let (session, fresh) = match enter(&app, &headers) {
        Ok(entered) => entered,
        Err(away) => return away,
    };
    let Some(incident) = look_up(&app, &no).await else {
        return refusal(&app, &headers, StatusCode::NOT_FOUND, NO_INCIDENT);
    };
    let no = incident.no;
    let entries = app.ask.journal(no).await.unwrap_or_default();
    let views: Vec<EntryView> = entries
        .iter()
        .map(|entry| EntryView {
            at: pages::rfc3339(entry.at),
            by: entry.by.clone(),
            text: app.words.note("html", &entry.note).unwrap_or_default(),
        })
        .collect();
    let digest = incident.headline().and_then(|evidence| evidence.excerpt.clone());
    let excerpt = match digest {
        Some(digest) => {
            app.ask.blob(&digest).await.ok().flatten().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        }
        None => None,
    };
    let errors: Vec<&str> = incident
        .headline()
        .map(|evidence| evidence.errors.as_slice())
        .unwrap_or_default()
        .iter()
        .map(|error| error.text.raw().trim())
        .filter(|error| !error.is_empty())
        .collect();
    let excerpt = excerpt.map(|text| pages::log(&text, &errors));
    let patches = patches(&app, &incident).await;
    let script = incident.repro.is_some();
    let cards: Vec<CardView> = app.console.card(no.0).iter().map(CardView::of).collect();
    let previews: Vec<(&str, &str)> = app.previews.iter().map(|preview| (preview.platform, preview.name)).collect();
    let more = context! { entries => Value::from(Serde(&views)), excerpt => Value::from(Serde(&excerpt)),
    patches => Value::from(Serde(&patches)), script, no => no.0, previews };
    let html = render(&app, "incident.html", &session, &no.0.to_string(), &cards, more).await;
    page(&session, fresh, html)
}

/// What one proposal changes, or would have.
#[derive(Serialize)]
struct PatchView {
    n: u32,
    remedy: String,
    state: &'static str,
    /// It will not happen, or was taken back.
    gone: bool,
    diffs: Vec<(String, Vec<pages::TextLine>)>,
}

/// Newest first.
async fn patches(app: &App, incident: &Incident) -> Vec<PatchView> {
    let mut views = Vec::new();
    for proposal in incident.proposals.iter().rev() {
        let mut diffs = Vec::new();
        for (onto, preview) in proposal.plan.iter().flat_map(|plan| &plan.previews) {
            let Some(digest) = &preview.diff else { continue };
            if let Ok(Some(bytes)) = app.ask.blob(digest).await {
                let text: String = String::from_utf8_lossy(&bytes).chars().take(DIFF_SHOWN).collect();
                diffs.push((onto.clone(), pages::diff(&text)));
            }
        }
        if !diffs.is_empty() {
            let gone = !proposal.state.is_active() && proposal.state != ProposalState::Done;
            let (n, remedy, state) = (proposal.id.n, proposal.remedy.clone(), proposal.state.as_str());
            views.push(PatchView { n, remedy, state, gone, diffs });
        }
    }
    views
}

/// Characters of a diff on the page.
const DIFF_SHOWN: usize = 200_000;

/// How soon an open page tells of the emergency stop, wherever it was pulled.
const LOOK: Duration = Duration::from_secs(1);

/// Server-sent events: cards as they change, this person's log, and the emergency stop.
async fn events(State(app): State<App>, headers: HeaderMap) -> Response {
    let Some(session) = session(&app, &headers) else { return StatusCode::UNAUTHORIZED.into_response() };
    let updates = BroadcastStream::new(app.console.listen());
    let holds = holds(Arc::clone(&app));
    let stream = updates.filter_map(move |update| {
        let event = match update {
            Ok(Update::Card(card)) => Some(Event::default().event("card").data(one_line(&app.pages.card(&card)))),
            Ok(Update::Line { person, line }) if person == session.person => {
                let html = app.pages.render("line.html", context! { line => Value::from(Serde(&line)) });
                Some(Event::default().event("line").data(one_line(&html.replace('\n', "<br>"))))
            }
            Ok(Update::Line { .. }) => None,
            // Too slow to follow: the page is fetched anew.
            Err(_) => Some(Event::default().event("reload").data("now")),
        };
        futures::future::ready(event.map(Ok::<Event, Infallible>))
    });
    sse(futures::stream::select(stream, holds))
}

/// The banner now, and whenever it changes.
fn holds(app: App) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let start = (app, tokio::time::interval(LOOK), None::<String>);
    futures::stream::unfold(start, |(app, mut every, last)| async move {
        loop {
            every.tick().await;
            let Some(html) = banner(&app).await.filter(|html| last.as_ref() != Some(html)) else { continue };
            // Browsers drop events without data; the style takes an element with a comment for empty.
            let data = if html.is_empty() { "<!-- none -->".into() } else { one_line(&html) };
            let event = Event::default().event("hold").data(data);
            return Some((Ok(event), (app, every, Some(html))));
        }
    })
}

fn sse(stream: impl Stream<Item = Result<Event, Infallible>> + Send + 'static) -> Response {
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

fn one_line(html: &str) -> String {
    html.replace(['\n', '\r'], " ")
}

#[derive(Deserialize)]
struct SayForm {
    csrf: String,
    #[serde(default)]
    thread: String,
    text: Option<String>,
    value: Option<String>,
    /// What a button says, in words.
    #[serde(default)]
    said: String,
}

async fn command(State(app): State<App>, headers: HeaderMap, Form(form): Form<SayForm>) -> Response {
    let said = SayForm { value: None, text: Some(form.text.unwrap_or_default()), ..form };
    say(&app, &headers, said).await
}

async fn press(State(app): State<App>, headers: HeaderMap, Form(form): Form<SayForm>) -> Response {
    // The text is the reason, where a button asks for one.
    let said = SayForm { value: Some(form.value.unwrap_or_default()), ..form };
    say(&app, &headers, said).await
}

/// Characters of one's own words in the log.
const ECHO: usize = 300;

#[derive(Deserialize)]
struct ClearForm {
    csrf: String,
}

async fn clear_log(State(app): State<App>, headers: HeaderMap, Form(form): Form<ClearForm>) -> Response {
    let Some(session) = session(&app, &headers) else {
        return refusal(&app, &headers, StatusCode::UNAUTHORIZED, SESSION_ENDED);
    };
    if !session.has_csrf(&form.csrf) {
        return refusal(&app, &headers, StatusCode::FORBIDDEN, CHECK_FAILED);
    }
    app.console.clear_log(&session.person);
    Redirect::to("/").into_response()
}

/// A session's own words.
struct Signed {
    id: String,
}

impl Verifier for Signed {
    fn verify(&self, _: &Raw) -> Result<Proof, Refusal> {
        Ok(Proof { origin: Origin::Socket, id: self.id.clone(), kind: "said".into() })
    }
}

async fn say(app: &App, headers: &HeaderMap, form: SayForm) -> Response {
    let Some(session) = session(app, headers) else {
        return refusal(app, headers, StatusCode::UNAUTHORIZED, SESSION_ENDED);
    };
    if !session.has_csrf(&form.csrf) {
        return refusal(app, headers, StatusCode::FORBIDDEN, CHECK_FAILED);
    }
    let name = app
        .people
        .iter()
        .find(|person| person.id == session.person)
        .map_or_else(|| session.person.clone(), |p| p.name.clone());
    let thread = Some(form.thread).filter(|thread| !thread.is_empty());
    let back = thread.as_ref().map_or_else(|| "/".to_owned(), |no| format!("/incidents/{no}"));
    let said = Said { person: session.person.clone(), name, thread, text: form.text, value: form.value };
    // Each form is a delivery of its own: the session's number and ours name it.
    let count = app.said.fetch_add(1, Ordering::Relaxed);
    let id = format!("{}-{count}", Digest::of([session.id.as_bytes()]).short());
    let raw = Raw {
        source: super::PLATFORM,
        headers: Headers::default(),
        body: serde_json::to_vec(&said).unwrap_or_default(),
    };
    let echo: String = if said.value.is_some() { &form.said } else { said.text.as_deref().unwrap_or_default() }
        .chars()
        .take(ECHO)
        .collect();
    let accepted = match Verified::by(&Signed { id }, raw) {
        Ok(verified) => app.door.accept(verified).await.map_err(|why| why.to_string()),
        Err(why) => Err(why.to_string()),
    };
    if accepted.is_ok() {
        app.console.said(&session.person, &echo);
    }
    match accepted {
        Ok(_) if headers.contains_key("x-requested-with") => StatusCode::ACCEPTED.into_response(),
        Ok(_) => Redirect::to(if back.starts_with("/incidents/") && back[11..].bytes().all(|b| b.is_ascii_digit()) {
            &back
        } else {
            "/"
        })
        .into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}
