//! Signing in at a provider: the browser goes there with a secret of this sign-in, and comes back with it and a code.

use super::error::refusal;
use super::guard::by_tls;
use super::routes::App;
use super::session::{Who, cookies, random, same};
use super::sign::{Back, back as safe, end, form};
use super::throttle::TOO_OFTEN;
use super::visit::{cookie, place, set_cookie};
use crate::ports::{Client, Clock, Flow, NotSignedIn, SignIn, SignedIn};
use axum::Extension;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use minijinja::context;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Ties a sign-in at a provider to the browser that began it.
const FLOW_COOKIE: &str = "ci_rescue_flow";
/// Sign-ins at the same time; the oldest go first.
const FLOWS: usize = 2_000;
const LIFE_MS: i64 = 10 * 60 * 1_000;

const NO_FLOW: &str = "This sign-in is over, or was begun in another browser: begin again";
const NO_WAY: &str = "There is no such way to sign in: choose one of those on the sign-in page";

struct Begun {
    way: &'static str,
    flow: Flow,
    back: String,
    born: u64,
    until_ms: i64,
}

/// Sign-ins that are not over. In memory: after a restart one begins again.
pub struct Flows {
    state: Mutex<(HashMap<String, Begun>, u64)>,
    clock: Arc<dyn Clock>,
}

impl Flows {
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { state: Mutex::default(), clock }
    }

    /// Its name, for the browser that begins it.
    fn begin(&self, way: &'static str, flow: Flow, back: &str) -> Option<String> {
        let id = random()?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, count) = &mut *state;
        *count += 1;
        let (back, until_ms) = (back.to_owned(), self.clock.elapsed_ms().saturating_add(LIFE_MS));
        all.insert(id.clone(), Begun { way, flow, back, born: *count, until_ms });
        while all.len() > FLOWS {
            let oldest = all.iter().min_by_key(|(_, begun)| begun.born).map(|(id, _)| id.clone());
            oldest.inspect(|id| drop(all.remove(id)));
        }
        Some(id)
    }

    /// Once only.
    fn take(&self, id: &str) -> Option<Begun> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0.remove(id).filter(|begun| begun.until_ms > self.clock.elapsed_ms())
    }
}

fn way<'a>(app: &'a App, id: &str) -> Option<&'a Arc<dyn SignIn>> {
    app.ways.iter().find(|way| way.id() == id)
}

/// Where the provider sends the browser back: the address at which it came here, which is one of ours.
fn callback(app: &App, headers: &HeaderMap, way: &str) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
    let scheme = if by_tls(app, headers) { "https" } else { "http" };
    format!("{scheme}://{host}/sign-in/{way}/back")
}

/// Sends the browser to the provider.
pub async fn begin(
    State(app): State<App>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(to): Query<Back>,
) -> Response {
    let Some(way) = way(&app, &id) else { return refusal(&app, &headers, StatusCode::NOT_FOUND, NO_WAY) };
    if let Err(seconds) = app.throttle.try_once(client.map(|Extension(client)| client)) {
        let again = [(header::RETRY_AFTER, seconds.to_string())];
        let page = form(&app, &headers, StatusCode::TOO_MANY_REQUESTS, (&to.back, Some(TOO_OFTEN)));
        return (again, page).into_response();
    }
    let (Some(state), Some(verifier), Some(nonce)) = (random(), random(), random()) else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let flow = Flow { state, verifier, nonce, callback: callback(&app, &headers, way.id()) };
    let address = match way.begin(&flow).await {
        Ok(address) => address,
        Err(why) => return not_signed_in(&app, &headers, &to.back, way.as_ref(), why),
    };
    match app.flows.begin(way.id(), flow, safe(&to.back)) {
        Some(id) => ([(header::SET_COOKIE, flow_cookie(&app, &headers, &id))], Redirect::to(&address)).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

/// The browser brings it back from another site, which a strict cookie would not survive.
fn flow_cookie(app: &App, headers: &HeaderMap, id: &str) -> String {
    let strict = cookie(app, headers, FLOW_COOKIE, id);
    let age = if id.is_empty() { 0 } else { LIFE_MS / 1_000 };
    format!("{}; Max-Age={age}", strict.replace("SameSite=Strict", "SameSite=Lax").replace("Path=/;", "Path=/sign-in;"))
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Returned {
    code: String,
    state: String,
    error: String,
}

/// The browser is back: with our own secret, in the browser that we sent there, once.
pub async fn back(
    State(app): State<App>,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(returned): Query<Returned>,
) -> Response {
    let Some(way) = way(&app, &id) else { return refusal(&app, &headers, StatusCode::NOT_FOUND, NO_WAY) };
    let begun = cookies(&headers, FLOW_COOKIE).find_map(|id| app.flows.take(id));
    let begun = begun.filter(|begun| begun.way == way.id() && same(&begun.flow.state, &returned.state));
    let Some(begun) = begun else { return form(&app, &headers, StatusCode::FORBIDDEN, ("", Some(NO_FLOW))) };
    if !returned.error.is_empty() || returned.code.is_empty() {
        let why = format!("{} did not sign you in: begin again, or choose another way", way.name());
        return form(&app, &headers, StatusCode::FORBIDDEN, (&begun.back, Some(&why)));
    }
    let signed_in = match way.finish(&begun.flow, &returned.code).await {
        Ok(signed_in) => signed_in,
        Err(why) => return not_signed_in(&app, &headers, &begun.back, way.as_ref(), why),
    };
    let Some(who) = admitted(&app, signed_in) else {
        let why = "You are signed in there, but not allowed in here: ask the operator to add you under people";
        return form(&app, &headers, StatusCode::FORBIDDEN, (&begun.back, Some(why)));
    };
    end(&app, &headers);
    let Some(session) = app.sessions.open(who) else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    tracing::info!(person = session.who.person, way = way.id(), "signed in to the console");
    let [session] = set_cookie(&app, &headers, &session);
    let over = (header::SET_COOKIE, flow_cookie(&app, &headers, ""));
    // Not a redirect: the browser came from another site, and would leave the strict cookie behind once more.
    let html = app.pages.render("signed_in.html", context! { back => &begun.back });
    (AppendHeaders([session, over]), Html(html)).into_response()
}

/// Whom the configuration names, and whom the provider's rules let in.
fn admitted(app: &App, signed_in: SignedIn) -> Option<Who> {
    let SignedIn { ids, name, groups, admitted } = signed_in;
    let who =
        |person: &String| Who { person: person.clone(), name: name.clone(), groups: groups.clone(), proxied: false };
    let known = ids.iter().map(who).find(|who| app.directory.principal(&who.actor(), &place()).known);
    known.or_else(|| ids.first().filter(|_| admitted).map(who))
}

fn not_signed_in(app: &App, headers: &HeaderMap, to: &str, way: &dyn SignIn, why: NotSignedIn) -> Response {
    match why {
        NotSignedIn::Refused(why) => form(app, headers, StatusCode::FORBIDDEN, (to, Some(&why))),
        NotSignedIn::Broken(why) => {
            tracing::warn!(way = way.id(), "a sign-in failed: {why}");
            let told = format!("{} cannot sign you in now: the operator finds the reason in the log", way.name());
            form(app, headers, StatusCode::BAD_GATEWAY, (to, Some(&told)))
        }
    }
}
