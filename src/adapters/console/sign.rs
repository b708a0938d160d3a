//! Signing in and out, and changing seats in the demo.

use super::error::{CHECK_FAILED, SESSION_ENDED, refusal};
use super::routes::App;
use super::session::{FORM_COOKIE, cookies, is_random, random, same};
use super::throttle::TOO_OFTEN;
use super::visit::{cookie, session, set_cookie};
use crate::domain::ids::Digest;
use crate::ports::Client;
use axum::extract::State;
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
    if app.token.is_some() || !app.people.iter().any(|person| person.id == form.person) {
        return refusal(&app, &headers, StatusCode::FORBIDDEN, "Only the demo's users can be switched to");
    }
    app.sessions.close(&session.id);
    match app.sessions.open(&form.person) {
        Some(session) => (set_cookie(&app, &headers, &session), Redirect::to("/")).into_response(),
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

#[derive(Deserialize)]
pub struct SignInForm {
    #[serde(default)]
    csrf: String,
    token: String,
}

/// The form carries the value of a cookie that another site can neither read nor make the browser send: nobody is
/// signed in to somebody else's session.
fn form(app: &App, headers: &HeaderMap, status: StatusCode, mistake: Option<&str>) -> Response {
    let known = cookies(headers, FORM_COOKIE).find(|value| is_random(value)).map(str::to_owned);
    let Some(csrf) = known.or_else(random) else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    let cookie = cookie(app, headers, FORM_COOKIE, &csrf);
    let html = app.pages.render("sign_in.html", context! { csrf, mistake });
    (status, [(header::SET_COOKIE, cookie)], Html(html)).into_response()
}

pub async fn page(State(app): State<App>, headers: HeaderMap) -> Response {
    form(&app, &headers, StatusCode::OK, None)
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
        return (again, form(&app, &headers, StatusCode::TOO_MANY_REQUESTS, Some(TOO_OFTEN))).into_response();
    }
    let hash = |text: &str| Digest::of([text.as_bytes()]).as_str().to_owned();
    let good = app.token.as_ref().is_some_and(|token| {
        let wanted = token.expose_secret();
        !wanted.is_empty() && same(&hash(&given.token), &hash(wanted))
    });
    let opened = app.people.first().filter(|_| good).and_then(|person| app.sessions.open(&person.id));
    if let Some(session) = opened {
        (set_cookie(&app, &headers, &session), Redirect::to("/")).into_response()
    } else {
        form(&app, &headers, StatusCode::UNAUTHORIZED, Some("Wrong token."))
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
