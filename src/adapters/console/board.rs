//! The board of quarantines: what does not count now, whose it is, until when, and what can be done about it.

use super::pages::{away, rfc3339};
use super::routes::App;
use super::visit::{Visit, place};
use crate::domain::text::clean_line;
use crate::domain::time::Time;
use crate::ports::{BoardAsked, Boarded};
use axum::extract::{Query as Params, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

/// Rows on a page.
const ROWS: usize = 25;
/// Characters of a name, and of a reason.
const NAME: usize = 200;
const OWNERS: usize = 20;
/// Lengths that are offered.
const LENGTHS: [(&str, &str); 5] =
    [("7d", "7 days"), ("14d", "14 days"), ("30d", "30 days"), ("60d", "60 days"), ("90d", "90 days")];

#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    repo: String,
    owner: String,
    page: usize,
}

impl Filters {
    fn asked(&self) -> BoardAsked {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        BoardAsked { repo: some(&self.repo), owner: some(&self.owner), text: some(&self.q) }
    }

    fn any(&self) -> bool {
        [&self.q, &self.repo, &self.owner].iter().any(|text| !text.trim().is_empty())
    }

    /// The address of a page.
    fn at(&self, page: usize) -> String {
        let page = if page == 0 { String::new() } else { page.to_string() };
        let all = [("q", &self.q), ("repo", &self.repo), ("owner", &self.owner), ("page", &page)];
        let set = all.into_iter().filter(|(_, value)| !value.is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish();
        if query.is_empty() { "/quarantines".to_owned() } else { format!("/quarantines?{query}") }
    }
}

#[derive(Serialize)]
struct Row {
    id: String,
    incident: u64,
    repo: String,
    test: String,
    framework: String,
    owners: Vec<String>,
    since: String,
    /// The day, the moment and how far it is.
    until: String,
    ends: String,
    away: String,
    overdue: bool,
    pending: bool,
    served: bool,
    reason: String,
    pull: Option<String>,
    evidence: String,
}

impl Row {
    fn of(row: &Boarded, now: Time) -> Self {
        let entry = &row.entry;
        let evidence = match row.since {
            None => "No execution is known".to_owned(),
            Some((0, _)) => "Not executed since".to_owned(),
            Some((ran, failed)) => format!("{failed} of {ran} executions failed since"),
        };
        Self {
            id: entry.id.clone(),
            incident: entry.incident.0,
            repo: entry.repo.to_string(),
            test: entry.test.line(NAME),
            framework: entry.framework.as_deref().map(|name| clean_line(name, NAME)).unwrap_or_default(),
            owners: entry.owners.iter().take(OWNERS).map(|owner| clean_line(owner, NAME)).collect(),
            since: rfc3339(entry.since),
            until: clean_line(&entry.until, NAME),
            ends: rfc3339(entry.ends()),
            away: away(entry.ends(), now),
            overdue: row.overdue,
            pending: entry.pending,
            served: entry.served,
            reason: entry.reason.line(NAME),
            pull: row.pull.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://")),
            evidence,
        }
    }
}

/// `GET /quarantines`
pub async fn page(State(app): State<App>, visit: Visit, Params(filters): Params<Filters>) -> Response {
    let (actor, place) = (visit.session.who.actor(), place());
    let skip = filters.page.saturating_mul(ROWS);
    let Ok(board) = app.insight.board(&actor, &place, &filters.asked(), skip, ROWS).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").into_response();
    };
    let now = app.clock.now();
    let rows: Vec<Row> = board.rows.iter().map(|row| Row::of(row, now)).collect();
    let next = (skip.saturating_add(rows.len()) < board.all).then(|| filters.at(filters.page + 1));
    let before = (filters.page > 0).then(|| filters.at(filters.page - 1));
    let more = context! {
        rows => Value::from(Serde(&rows)), f => Value::from(Serde(&filters)), filtered => filters.any(), next, before,
        here => filters.at(filters.page), lengths => LENGTHS, all => board.all,
    };
    visit.page(&app, "quarantines.html", "", more).await
}
