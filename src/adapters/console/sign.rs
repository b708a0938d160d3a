//! Signing in by the token, signing out, and changing seats in the demo.

use super::error::{CHECK_FAILED, SESSION_ENDED, refusal};
use super::routes::App;
use super::session::{COOKIE, FORM_COOKIE, Who, cookies, is_random, random, same};
use super::throttle::TOO_OFTEN;
use super::visit::{cookie, session, set_cookie};
use crate::domain::ids::Digest;
use crate::ports::Client;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use minijinja::context;
use secrecy::ExposeSecret;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct SwitchForm {
    csrf: String,
    person: String,
}

/// Becoming somebody else: in the demo only.
pub async fn switch(State(app): State<App>, headers: HeaderMap, Form(form): Form<SwitchForm>) -> Response {
    let Some(session) = session(&app, &headers) else {
        return refusal(&app, &headers, StatusCode::UNAUTHORIZED, SESSION_ENDED);
    };
    if !session.has_csrf(&form.csrf) {
        return refusal(&app, &headers, StatusCode::FORBIDDEN, CHECK_FAILED);
    }
    let seat = app.people.iter().find(|person| app.open && person.id == form.person);
    let Some(seat) = seat else {
        return refusal(&app, &headers, StatusCode::FORBIDDEN, "Only the demo's users can be switched to");
    };
    app.sessions.close(&session.id);
    match app.sessions.open(Who::seated(seat)) {
        Some(session) => (set_cookie(&app, &headers, &session), Redirect::to("/")).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    csrf: String,
    #[serde(default)]
    back: String,
    token: String,
}

/// Where to go after a sign-in.
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct Back {
    pub back: String,
}

/// A page of ours, or the first: nobody is led elsewhere by an address of ours.
pub fn back(wanted: &str) -> &str {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.?=&%*+".contains(&byte);
    let ours = wanted.starts_with('/') && !wanted.starts_with("//") && wanted.len() <= BACK_MAX;
    if ours && wanted.bytes().all(plain) && !wanted.starts_with("/sign-") { wanted } else { "/" }
}

const BACK_MAX: usize = 500;

/// Whatever session the browser had before ends: nobody goes on in one that somebody else began.
pub fn end(app: &App, headers: &HeaderMap) {
    for id in cookies(headers, COOKIE) {
        app.sessions.close(id);
    }
}

/// The form carries the value of a cookie that another site can neither read nor make the browser send: nobody is
/// signed in to somebody else's session.
pub fn form(app: &App, headers: &HeaderMap, status: StatusCode, (to, mistake): (&str, Option<&str>)) -> Response {
    let known = cookies(headers, FORM_COOKIE).find(|value| is_random(value)).map(str::to_owned);
    let Some(csrf) = known.or_else(random) else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let cookie = cookie(app, headers, FORM_COOKIE, &csrf);
    let html = app.pages.render(
        "sign_in.html",
        context! {
            csrf, mistake, back => back(to), ways => ways(app, back(to)), token => app.token.get().is_some(),
            proxied => app.proxy.is_some(),
        },
    );
    (status, [(header::SET_COOKIE, cookie)], Html(html)).into_response()
}

/// Each way beside the token: where its button leads, and what it says.
fn ways(app: &App, to: &str) -> Vec<(String, String)> {
    let to: String = url::form_urlencoded::byte_serialize(to.as_bytes()).collect();
    app.ways.iter().map(|way| (format!("/sign-in/{}?back={to}", way.id()), way.name().to_owned())).collect()
}

pub async fn page(State(app): State<App>, headers: HeaderMap, Query(to): Query<Back>) -> Response {
    form(&app, &headers, StatusCode::OK, (&to.back, None))
}

/// The token is compared in constant time, and only so often that it cannot be guessed.
pub async fn sign_in(
    State(app): State<App>,
    client: Option<Extension<Client>>,
    headers: HeaderMap,
    Form(given): Form<SignInForm>,
) -> Response {
    if given.csrf.is_empty() || !cookies(&headers, FORM_COOKIE).any(|value| same(value, &given.csrf)) {
        return refusal(&app, &headers, StatusCode::FORBIDDEN, CHECK_FAILED);
    }
    if let Err(seconds) = app.throttle.try_once(client.map(|Extension(client)| client)) {
        let again = [(header::RETRY_AFTER, seconds.to_string())];
        return (again, form(&app, &headers, StatusCode::TOO_MANY_REQUESTS, (&given.back, Some(TOO_OFTEN))))
            .into_response();
    }
    let hash = |text: &str| Digest::of([text.as_bytes()]).as_str().to_owned();
    let good = app.token.get().as_ref().as_ref().is_some_and(|token| {
        let wanted = token.expose_secret();
        !wanted.is_empty() && same(&hash(&given.token), &hash(wanted))
    });
    let opened = app.people.first().filter(|_| good).and_then(|person| {
        end(&app, &headers);
        app.sessions.open(Who::seated(person))
    });
    if let Some(session) = opened {
        (set_cookie(&app, &headers, &session), Redirect::to(back(&given.back))).into_response()
    } else {
        form(&app, &headers, StatusCode::UNAUTHORIZED, (&given.back, Some("Wrong token.")))
    }
}

#[derive(Deserialize)]
pub struct SignOutForm {
    csrf: String,
}

pub async fn sign_out(State(app): State<App>, headers: HeaderMap, Form(form): Form<SignOutForm>) -> Response {
    match session(&app, &headers) {
        Some(session) if !session.has_csrf(&form.csrf) => {
            return refusal(&app, &headers, StatusCode::FORBIDDEN, CHECK_FAILED);
        }
        Some(session) => app.sessions.close(&session.id),
        None => {}
    }
    Redirect::to("/sign-in").into_response()
}
