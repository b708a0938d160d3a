//! The stream of an open page: cards as they change, this person's log, and the emergency stop.

use super::feed::{Tick, Update};
use super::integrations;
use super::routes::App;
use super::session::{Session, Who};
use super::visit::{banner, seen, session};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::{Stream, StreamExt};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Deserialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio_stream::wrappers::BroadcastStream;

/// How soon an open page tells of the emergency stop, wherever it was pulled, and ends with its session.
const LOOK: Duration = Duration::from_secs(1);

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Since {
    /// The mark of the page that opens the stream.
    since: String,
    /// The page shows how the integrations are.
    watch: Option<String>,
}

/// Server-sent events, from what changed since the page was made. A browser that lost the stream names the last event
/// it saw.
pub async fn events(State(app): State<App>, headers: HeaderMap, Query(since): Query<Since>) -> Response {
    let Some(session) = session(&app, &headers) else { return StatusCode::UNAUTHORIZED.into_response() };
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok()).filter(|id| !id.is_empty());
    let (missed, updates) = app.console.follow(last.unwrap_or(&since.since));
    let holds = holds(App::clone(&app));
    let ended = ended(App::clone(&app), &session);
    let watched = since.watch.as_deref() == Some("integrations");
    let changes =
        if watched { integrations::changes(App::clone(&app)).boxed() } else { futures::stream::pending().boxed() };
    // Too slow to follow, or of another start of the server: the page is fetched anew.
    let reload = || Event::default().event("reload").data("now");
    let (missed, lost) = missed.map_or_else(|| (Vec::new(), Some(reload())), |missed| (missed, None));
    let updates = futures::stream::iter(missed.into_iter().map(Ok)).chain(BroadcastStream::new(updates));
    let updates = updates.filter_map(move |tick| {
        let (app, who) = (App::clone(&app), session.who.clone());
        async move {
            match tick {
                Ok(tick) => told(&app, &who, &tick).await,
                Err(_) => Some(reload()),
            }
        }
    });
    let updates = futures::stream::iter(lost).chain(updates).map(Ok);
    let all = futures::stream::select(futures::stream::select(updates, holds), changes).take_until(ended);
    Sse::new(all).keep_alive(KeepAlive::default()).into_response()
}

async fn told(app: &App, who: &Who, tick: &Tick) -> Option<Event> {
    let event = Event::default().id(&tick.mark);
    match &tick.update {
        Update::Card(card) if seen(app, who, &[card.incident]).await.is_empty() => None,
        Update::Card(card) => Some(event.event("card").data(one_line(&app.pages.card(card)))),
        Update::Line { person: whose, line } if *whose == who.person => {
            let html = app.pages.render("line.html", context! { line => Value::from(Serde(line)) });
            Some(event.event("line").data(one_line(&html.replace('\n', "<br>"))))
        }
        Update::Line { .. } => None,
    }
}

/// Whoever signed out sees no more, nor whoever's session has run out.
fn ended(app: App, session: &Session) -> impl Future<Output = ()> + Send + use<> {
    let (id, ended) = (session.id.clone(), session.ended.clone());
    async move {
        while app.sessions.get(&id).is_some() {
            // A session that nobody asks for does not end by itself.
            let _ = tokio::time::timeout(LOOK, ended.cancelled()).await;
        }
    }
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

fn one_line(html: &str) -> String {
    html.replace(['\n', '\r'], " ")
}
