//! The audit: who did what, over all incidents and the installation itself.

use super::pages::rfc3339;
use super::routes::App;
use super::visit::{Visit, place};
use crate::domain::ids::IncidentNo;
use crate::domain::text::clean_line;
use crate::domain::time::{DAY_MS, Time};
use crate::ports::{AuditAsked, AuditRow, Format, Spot};
use axum::body::Body;
use axum::extract::{Query as Params, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

/// Rows on a page.
const ROWS: usize = 50;
/// Characters of a sentence, and of a name.
const TEXT: usize = 600;
const NAME: usize = 200;

/// What the address asks for; empty is anything.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Filters {
    q: String,
    by: String,
    action: String,
    repo: String,
    incident: String,
    from: String,
    to: String,
    before: String,
}

impl Filters {
    /// # Errors
    /// What cannot be read.
    fn asked(&self) -> Result<AuditAsked, String> {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let incident = match some(&self.incident).as_deref() {
            None => None,
            Some("0") => Some(IncidentNo(0)),
            Some(text) => Some(text.parse().map_err(|_| "Incident: a number such as 42, or 0 for the installation")?),
        };
        let day = |text: &str| match some(text) {
            None => Ok(None),
            Some(text) => match crate::domain::quarantined::midnight(&text) {
                Some(at) => Ok(Some(at)),
                None => Err(format!("{} is no day: write 2026-01-31", clean_line(&text, 40))),
            },
        };
        Ok(AuditAsked {
            by: some(&self.by),
            action: some(&self.action),
            repo: some(&self.repo),
            incident,
            since: day(&self.from)?,
            until: day(&self.to)?.map(|at| at.plus_ms(DAY_MS)),
            text: some(&self.q),
            before: some(&self.before).and_then(|text| spot(&text)),
        })
    }

    fn pairs(&self) -> [(&'static str, &str); 7] {
        [
            ("q", &self.q),
            ("by", &self.by),
            ("action", &self.action),
            ("repo", &self.repo),
            ("incident", &self.incident),
            ("from", &self.from),
            ("to", &self.to),
        ]
    }

    fn any(&self) -> bool {
        self.pairs().iter().any(|(_, value)| !value.trim().is_empty())
    }

    /// The same search at another address.
    fn at(&self, path: &str, before: Option<Spot>) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.pairs().iter().filter(|(_, value)| !value.is_empty()));
        if let Some(spot) = before {
            query.append_pair("before", &format!("{}.{}.{}", spot.at.0, spot.incident.0, spot.entry));
        }
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// `1767268800000.42.7`: time, incident and entry.
fn spot(text: &str) -> Option<Spot> {
    let mut parts = text.split('.');
    let (at, incident, entry) = (parts.next()?, parts.next()?, parts.next()?);
    let spot =
        Spot { at: Time(at.parse().ok()?), incident: IncidentNo(incident.parse().ok()?), entry: entry.parse().ok()? };
    parts.next().is_none().then_some(spot)
}

#[derive(Serialize)]
struct Row {
    at: String,
    by: Option<String>,
    action: String,
    repo: Option<String>,
    incident: u64,
    text: String,
    /// The address of all entries of this kind.
    alike: String,
}

impl Row {
    fn of(row: &AuditRow) -> Self {
        let alike = Filters { action: row.action.clone(), ..Filters::default() };
        Self {
            at: rfc3339(row.spot.at),
            by: row.by.as_deref().map(|by| clean_line(by, NAME)),
            action: row.action.replace('_', " "),
            repo: row.repo.as_ref().map(ToString::to_string),
            incident: row.spot.incident.0,
            text: clean_line(&row.text, TEXT),
            alike: alike.at("/audit", None),
        }
    }
}

/// `GET /audit`
pub async fn page(State(app): State<App>, visit: Visit, Params(filters): Params<Filters>) -> Response {
    let (actor, place) = (visit.session.who.actor(), place());
    let (found, mistake) = match filters.asked() {
        Ok(asked) => match app.insight.audit(Some((&actor, &place)), &asked, ROWS).await {
            Ok(found) => (found, None),
            Err(_) => return (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").into_response(),
        },
        Err(why) => (crate::ports::AuditPage::default(), Some(why)),
    };
    let rows: Vec<Row> = found.rows.iter().map(Row::of).collect();
    let next = found.next.map(|spot| filters.at("/audit", Some(spot)));
    let more = context! {
        rows => Value::from(Serde(&rows)), f => Value::from(Serde(&filters)), filtered => filters.any(), mistake, next,
        csv => filters.at("/audit/entries.csv", None), jsonl => filters.at("/audit/entries.jsonl", None),
    };
    visit.page(&app, "audit.html", "", more).await
}

/// `GET /audit/entries.csv`
pub async fn table(State(app): State<App>, visit: Visit, Params(filters): Params<Filters>) -> Response {
    download(&app, &visit, &filters, Format::Csv, ("text/csv; charset=utf-8", "audit.csv")).await
}

/// `GET /audit/entries.jsonl`
pub async fn lines(State(app): State<App>, visit: Visit, Params(filters): Params<Filters>) -> Response {
    download(&app, &visit, &filters, Format::Jsonl, ("application/x-ndjson", "audit.jsonl")).await
}

/// Everything that the search finds. What fails on the way ends with a broken connection rather than looking whole.
async fn download(
    app: &App,
    visit: &Visit,
    filters: &Filters,
    format: Format,
    (kind, name): (&'static str, &str),
) -> Response {
    let (actor, place) = (visit.session.who.actor(), place());
    let asked = match filters.asked() {
        Ok(asked) => asked,
        Err(why) => return (StatusCode::BAD_REQUEST, why).into_response(),
    };
    match app.insight.audit_lines(Some((&actor, &place)), asked, format).await {
        Ok(lines) => {
            let named = format!("attachment; filename=\"{name}\"");
            let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, named)];
            (headers, Body::from_stream(lines)).into_response()
        }
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_it_is_written() {
        let there = Spot { at: Time(-5), incident: IncidentNo(42), entry: 7 };
        let address = Filters::default().at("/audit", Some(there));
        assert_eq!(spot(address.split_once("before=").unwrap().1), Some(there));
        for text in ["", "1.2", "1.2.3.4", "a.2.3", "1.-2.3"] {
            assert_eq!(spot(text), None, "{text}");
        }
    }

    #[test]
    fn the_last_day_counts_whole() {
        let filters = Filters { from: "2026-01-01".into(), to: "2026-01-01".into(), ..Filters::default() };
        let asked = filters.asked().unwrap();
        assert_eq!(asked.until.unwrap().ms_since(asked.since.unwrap()), DAY_MS);
        for (from, incident) in [("yesterday", ""), ("2026-02-30", ""), ("", "one")] {
            let filters = Filters { from: from.into(), incident: incident.into(), ..Filters::default() };
            assert!(filters.asked().is_err(), "{from} {incident}");
        }
    }
}
