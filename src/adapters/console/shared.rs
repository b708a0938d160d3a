//! One incident for whoever has a link to it: nothing to press, nothing to download, nowhere to go.

use super::error::refusal;
use super::incident::{entries, excerpt};
use super::pages::CardView;
use super::routes::App;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};

const NO_LINK: &str = "This link does not count: it has expired or was ended. Ask whoever gave it to you for another";
const TOKEN_MAX: usize = 200;

pub async fn page(State(app): State<App>, headers: HeaderMap, Path(token): Path<String>) -> Response {
    let found = if token.len() <= TOKEN_MAX { app.ask.shared(&token).await.ok().flatten() } else { None };
    let card = match &found {
        Some(incident) => app.ask.card(incident.no, "html").await,
        None => None,
    };
    let (Some(incident), Some(card)) = (found, card) else {
        return refusal(&app, &headers, StatusCode::NOT_FOUND, NO_LINK);
    };
    let entries = entries(&app, incident.no).await;
    let excerpt = excerpt(&app, &incident).await;
    let html = app.pages.render(
        "shared.html",
        context! { no => incident.no.0, card => Value::from(Serde(&CardView::to_read(&card))),
        entries => Value::from(Serde(&entries)), excerpt => Value::from(Serde(&excerpt)) },
    );
    let robots = (HeaderName::from_static("x-robots-tag"), "noindex");
    ([robots], Html(html)).into_response()
}
