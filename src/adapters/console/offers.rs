//! What is offered while somebody types into a field of a button's form: the same as in a chat.

use super::decode::Said;
use super::error::{CHECK_FAILED, SESSION_ENDED, refusal};
use super::routes::App;
use super::visit::session;
use crate::domain::completion::Candidate;
use crate::domain::form::Typed;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
pub struct Typing {
    csrf: String,
    /// The sealed value of the form's button.
    value: String,
    field: String,
    text: String,
}

#[derive(Serialize)]
struct Offer {
    value: String,
    words: String,
}

/// A list of values with their words, the best first. Nothing is kept.
pub async fn offers(State(app): State<App>, headers: HeaderMap, Form(typing): Form<Typing>) -> Response {
    let Some(session) = session(&app, &headers) else {
        return refusal(&app, &headers, StatusCode::UNAUTHORIZED, SESSION_ENDED);
    };
    if !session.has_csrf(&typing.csrf) {
        return refusal(&app, &headers, StatusCode::FORBIDDEN, CHECK_FAILED);
    }
    let (actor, place) = Said::by(&session.who).who();
    let typed = Typed { value: &typing.value, field: &typing.field, text: &typing.text };
    let found = app.ask.offer(&actor, &place, &typed).await;
    let offer = |Candidate { words, value }: Candidate| Offer { value, words };
    Json(found.into_iter().map(offer).collect::<Vec<_>>()).into_response()
}
