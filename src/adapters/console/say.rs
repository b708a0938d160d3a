//! What somebody types or presses: each form is a delivery like any other.

use super::decode::Said;
use super::error::{CHECK_FAILED, SESSION_ENDED, refusal};
use super::routes::App;
use super::visit::session;
use crate::domain::form::Fields;
use crate::domain::ids::Digest;
use crate::ports::{Headers, Origin, Proof, Raw, Refusal, Verified, Verifier};
use axum::Form;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::atomic::Ordering;

#[derive(Deserialize)]
pub struct SayForm {
    csrf: String,
    #[serde(default)]
    thread: String,
    text: Option<String>,
    value: Option<String>,
    /// What a button says, in words.
    #[serde(default)]
    said: String,
    /// Everything else: fields of a button's form, with [`FIELD`] before their names.
    #[serde(flatten)]
    more: Fields,
}

/// What the names of a form's fields begin with on the page, so that none is taken for one of ours.
const FIELD: &str = "field-";

pub async fn command(State(app): State<App>, headers: HeaderMap, Form(form): Form<SayForm>) -> Response {
    let said = SayForm { value: None, text: Some(form.text.unwrap_or_default()), ..form };
    say(&app, &headers, said).await
}

pub async fn press(State(app): State<App>, headers: HeaderMap, Form(form): Form<SayForm>) -> Response {
    // The text is the reason, where a button asks for one.
    let said = SayForm { value: Some(form.value.unwrap_or_default()), ..form };
    say(&app, &headers, said).await
}

/// Characters of one's own words in the log.
const ECHO: usize = 300;

#[derive(Deserialize)]
pub struct ClearForm {
    csrf: String,
}

pub async fn clear_log(State(app): State<App>, headers: HeaderMap, Form(form): Form<ClearForm>) -> Response {
    let Some(session) = session(&app, &headers) else {
        return refusal(&app, &headers, StatusCode::UNAUTHORIZED, SESSION_ENDED);
    };
    if !session.has_csrf(&form.csrf) {
        return refusal(&app, &headers, StatusCode::FORBIDDEN, CHECK_FAILED);
    }
    app.console.clear_log(&session.who.person);
    Redirect::to("/").into_response()
}

/// A session's own words.
struct Signed {
    id: String,
}

impl Verifier for Signed {
    fn verify(&self, _: &Raw) -> Result<Proof, Refusal> {
        Ok(Proof { origin: Origin::Socket, id: self.id.clone(), kind: "said".into(), press: None })
    }
}

async fn say(app: &App, headers: &HeaderMap, form: SayForm) -> Response {
    let Some(session) = session(app, headers) else {
        return refusal(app, headers, StatusCode::UNAUTHORIZED, SESSION_ENDED);
    };
    if !session.has_csrf(&form.csrf) {
        return refusal(app, headers, StatusCode::FORBIDDEN, CHECK_FAILED);
    }
    let who = &session.who;
    let thread = Some(form.thread).filter(|thread| !thread.is_empty());
    let back = thread.as_ref().map_or_else(|| "/".to_owned(), |no| format!("/incidents/{no}"));
    let fields = form.more.into_iter().filter_map(|(name, text)| Some((name.strip_prefix(FIELD)?.to_owned(), text)));
    let fields = fields.collect();
    let (person, name, groups) = (who.person.clone(), who.name.clone(), who.groups.clone());
    let said = Said { person, name, groups, thread, text: form.text, value: form.value, fields };
    if let (Some(value), false) = (&said.value, said.fields.is_empty()) {
        let (actor, place) = said.who();
        if let Err(misfit) = app.ask.fits(&actor, &place, value, &said.fields).await {
            return refusal(app, headers, StatusCode::UNPROCESSABLE_ENTITY, &misfit.what);
        }
    }
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
        app.console.said(&session.who.person, &echo);
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
