//! A visit to a page: whose session it is, and what the page shows already.

use super::guard::by_tls;
use super::pages;
use super::routes::{App, Person};
use super::session::{COOKIE, Session, Who, cookies};
use super::sign::back;
use super::{CHANNEL, PLATFORM};
use crate::card::Card;
use crate::domain::actor::{Place, Platform, Role};
use crate::domain::ids::IncidentNo;
use crate::domain::incident::Incident;
use crate::domain::text::clean_line;
use crate::ports::{Query, Trouble};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use std::collections::BTreeSet;

/// Closed channels that a page names.
const CLOSED_MAX: usize = 5;

/// Somebody with a session at a page of ours. In the demo everybody has one; elsewhere those without are sent to sign in.
pub struct Visit {
    pub session: Session,
    /// The cookie of a session that began with this visit.
    fresh: Option<[(header::HeaderName, String); 1]>,
    /// Taken before the page reads anything: its stream goes on from here.
    mark: String,
    /// Where the page is looked at once more, if an answer is still to come.
    again: Option<String>,
}

impl FromRequestParts<App> for Visit {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Response> {
        let mark = app.console.mark();
        let again = again(parts);
        if let Some(session) = session(app, &parts.headers) {
            return Ok(Self { session, fresh: None, mark, again });
        }
        let told = parts.extensions.get::<Who>().cloned();
        let seat = || app.people.first().filter(|_| app.open).map(Who::seated);
        match told.or_else(seat).and_then(|who| app.sessions.open(who)) {
            Some(session) => {
                let fresh = Some(set_cookie(app, &parts.headers, &session));
                Ok(Self { session, fresh, mark, again })
            }
            None => Err(Redirect::to(&sign_in(parts)).into_response()),
        }
    }
}

/// How often a browser without JavaScript looks for an answer.
pub const LOOKS: u8 = 10;

/// The same page with one look less.
fn again(parts: &Parts) -> Option<String> {
    let query = parts.uri.query()?;
    let all: Vec<_> = url::form_urlencoded::parse(query.as_bytes()).collect();
    let left: u8 = all.iter().find(|(name, _)| name == "wait")?.1.parse().ok()?;
    let left = left.min(LOOKS).checked_sub(1)?;
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(all.iter().filter(|(name, _)| name != "wait"));
    query.append_pair("wait", &left.to_string());
    Some(format!("{}?{}", parts.uri.path(), query.finish()))
}

/// The sign-in that leads back to this page.
fn sign_in(parts: &Parts) -> String {
    let wanted = parts.uri.path_and_query().map_or("/", |wanted| wanted.as_str());
    match back(wanted) {
        "/" => "/sign-in".to_owned(),
        wanted => {
            let wanted: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
            format!("/sign-in?back={wanted}")
        }
    }
}

pub fn session(app: &App, headers: &HeaderMap) -> Option<Session> {
    cookies(headers, COOKIE).find_map(|id| app.sessions.get(id))
}

pub fn set_cookie(app: &App, headers: &HeaderMap, session: &Session) -> [(header::HeaderName, String); 1] {
    [(header::SET_COOKIE, cookie(app, headers, COOKIE, &session.id))]
}

/// A cookie for our pages alone; where they came by TLS, it never travels without.
pub fn cookie(app: &App, headers: &HeaderMap, name: &str, value: &str) -> String {
    let secure = if by_tls(app, headers) { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict{secure}")
}

/// The console as a place.
pub fn place() -> Place {
    Place { platform: Platform::new(PLATFORM), channel: CHANNEL.into(), thread: None, reply_to: None, pull: None }
}

impl Visit {
    /// Those of the incidents that this person may see; none where that cannot be told.
    pub async fn sees(&self, app: &App, incidents: &[IncidentNo]) -> BTreeSet<IncidentNo> {
        seen(app, &self.session.who, incidents).await
    }

    /// The cards of the feed that this person may see, newest first.
    pub async fn cards(&self, app: &App) -> Vec<Card> {
        let mut cards = app.console.cards();
        let nos: Vec<IncidentNo> = cards.iter().map(|card| card.incident).collect();
        let seen = self.sees(app, &nos).await;
        cards.retain(|card| seen.contains(&card.incident));
        cards
    }

    /// Incidents that this person may see, newest first, and where the next page begins.
    pub async fn incidents(&self, app: &App, query: Query) -> (Vec<Incident>, Option<u64>) {
        app.insight.incidents(&self.session.who.actor(), &place(), query).await.unwrap_or_default()
    }

    /// The page with what every page has: the emergency stop, this person's log, the command line. `thread` is the
    /// incident that words without a number mean; `more` is the page's own.
    pub async fn page(&self, app: &App, name: &str, thread: &str, more: Value) -> Response {
        let hold = banner(app).await.unwrap_or_default();
        let who = &self.session.who;
        let principal = app.directory.principal(&who.actor(), &place());
        // Names of channels are for those who can do something about them.
        let closed = if principal.role >= Role::Responder { closed(app).await } else { String::new() };
        let log = app.console.log(&who.person);
        let again = self.again.as_ref().filter(|_| log.last().is_some_and(|line| line.said));
        let people: &[Person] = if app.open { &app.people } else { &[] };
        let html = Html(app.pages.render(
            name,
            context! {
                csrf => &self.session.csrf, person => &who.person, name => principal.name.line(60),
                role => principal.role.as_str(),
                unlinked => principal.github.is_none() && principal.role < Role::Admin, mark => &self.mark, hold, closed, thread, again,
                page => name, log => Value::from(Serde(&log)), people => Value::from(Serde(people)), ..more
            },
        ));
        match &self.fresh {
            Some(cookie) => (cookie.clone(), html).into_response(),
            None => html.into_response(),
        }
    }
}

pub async fn seen(app: &App, who: &Who, incidents: &[IncidentNo]) -> BTreeSet<IncidentNo> {
    app.insight.sees(&who.actor(), &place(), incidents).await.unwrap_or_default()
}

/// Channels that cannot be written to, as markup; empty when there are none.
async fn closed(app: &App) -> String {
    let troubles = app.ask.troubles().await.unwrap_or_default();
    let row = |trouble: &Trouble| {
        context! {
            platform => trouble.platform.to_string(), channel => clean_line(&trouble.channel, 60),
            name => trouble.name.as_deref().map(|name| clean_line(name, 60)), why => clean_line(&trouble.why, 200),
            advice => trouble.reason.advice(), held => trouble.held,
        }
    };
    let rows: Vec<Value> = troubles.iter().take(CLOSED_MAX).map(row).collect();
    let more = troubles.len().saturating_sub(CLOSED_MAX);
    if rows.is_empty() { String::new() } else { app.pages.render("closed.html", context! { rows, more }) }
}

/// The emergency stop as markup, empty when there is none; `None` when that is not known.
pub async fn banner(app: &App) -> Option<String> {
    let Some(hold) = app.ask.hold().await.ok()? else { return Some(String::new()) };
    let reason = hold.reason.as_ref().map(|reason| reason.line(300));
    Some(app.pages.render("hold.html", context! { by => hold.by, at => pages::rfc3339(hold.at), reason }))
}
