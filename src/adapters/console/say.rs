//! What somebody types or presses: each form is a delivery like any other.

use super::decode::Said;
use super::error::{CHECK_FAILED, SESSION_ENDED, refusal};
use super::routes::App;
use super::sign::back;
use super::visit::{LOOKS, session};
use crate::domain::form::Fields;
use crate::domain::ids::{Digest, ProposalId};
use crate::domain::text::clean_line;
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
    /// The page to go back to, where it is not the incident's.
    #[serde(default)]
    back: String,
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

/// Where a browser without JavaScript goes on: the page looks for the answer a few times.
fn behind(thread: Option<&str>, page: &str) -> String {
    match (thread, back(page)) {
        (Some(no), _) if no.bytes().all(|byte| byte.is_ascii_digit()) => format!("/incidents/{no}"),
        (Some(_), _) | (None, "/") => "/".to_owned(),
        (None, page) => format!("{page}{}wait={LOOKS}", if page.contains('?') { '&' } else { '?' }),
    }
}

#[derive(Deserialize)]
pub struct QuarantineForm {
    csrf: String,
    #[serde(default)]
    back: String,
    quarantine: String,
    #[serde(default, rename = "for")]
    length: String,
    #[serde(default)]
    reason: String,
}

/// Characters of a length, and of a reason.
const LENGTH: usize = 20;
const REASON: usize = 120;

/// A quarantine lasts longer.
pub async fn extend(State(app): State<App>, headers: HeaderMap, Form(form): Form<QuarantineForm>) -> Response {
    let mut words = vec![argument("for", &form.length, LENGTH), argument("reason", &form.reason, REASON)];
    words.retain(|word| !word.is_empty());
    of_quarantine(&app, &headers, form, "extend", &words).await
}

/// A quarantine ends.
pub async fn release(State(app): State<App>, headers: HeaderMap, Form(form): Form<QuarantineForm>) -> Response {
    of_quarantine(&app, &headers, form, "unquarantine", &[]).await
}

/// The same words as in a chat.
async fn of_quarantine(app: &App, headers: &HeaderMap, form: QuarantineForm, verb: &str, words: &[String]) -> Response {
    let Ok(id) = form.quarantine.parse::<ProposalId>() else {
        return refusal(app, headers, StatusCode::UNPROCESSABLE_ENTITY, "No such quarantine: reload the page");
    };
    let text = [vec![format!("{verb} {} quarantine={id}", id.incident.0)], words.to_vec()].concat().join(" ");
    let (csrf, back) = (form.csrf, form.back);
    let more = Fields::default();
    let said = SayForm { csrf, back, text: Some(text), value: None, thread: String::new(), said: String::new(), more };
    say(app, headers, said).await
}

/// `name="words"`, which no words can leave; nothing for none.
fn argument(name: &str, words: &str, max: usize) -> String {
    let plain = clean_line(words, max).replace(['"', '“', '”'], "'");
    if plain.is_empty() { plain } else { format!("{name}=\"{plain}\"") }
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
    let thread = Some(form.thread).filter(|thread| !thread.is_empty());
    let back = behind(thread.as_deref(), &form.back);
    let fields = form.more.into_iter().filter_map(|(name, text)| Some((name.strip_prefix(FIELD)?.to_owned(), text)));
    let fields = fields.collect();
    let said = Said { thread, text: form.text, value: form.value, fields, ..Said::by(&session.who) };
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
        Ok(_) => Redirect::to(&back).into_response(),
        Err(why) => (StatusCode::SERVICE_UNAVAILABLE, why).into_response(),
    }
}
