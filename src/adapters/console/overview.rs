//! The pages that list: incidents by filter, what waits for me, what is closed.

use super::pages::CardView;
use super::routes::App;
use super::visit::{Visit, place};
use crate::command;
use crate::domain::Stage;
use crate::domain::evidence::Severity;
use crate::domain::ids::short_sha;
use crate::domain::incident::Incident;
use crate::ports::Query;
use axum::extract::{Query as Params, State};
use axum::response::Response;
use minijinja::context;
use minijinja::value::{Serde, Value};
use serde::{Deserialize, Serialize};

/// Rows on a page.
const ROWS: usize = 50;
const SEVERITIES: [Severity; 5] =
    [Severity::Normal, Severity::Transient, Severity::Flaky, Severity::Blocker, Severity::Security];

/// What the address asks for; empty is anything.
#[derive(Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Filters {
    repo: String,
    branch: String,
    stage: String,
    severity: String,
    q: String,
    owner: String,
    before: Option<u64>,
    /// Words for the command line.
    say: String,
}

impl Filters {
    fn query(&self) -> Query {
        let some = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Query {
            repo: some(&self.repo),
            branch: some(&self.branch),
            stage: Stage::ALL.into_iter().find(|stage| stage.as_str() == self.stage),
            severity: SEVERITIES.into_iter().find(|severity| severity.as_str() == self.severity),
            owner: some(&self.owner),
            text: some(&self.q),
            before: self.before,
            limit: ROWS,
            ..Query::default()
        }
    }

    fn any(&self) -> bool {
        self.before.is_some()
            || [&self.repo, &self.branch, &self.stage, &self.severity, &self.owner, &self.q]
                .iter()
                .any(|text| !text.trim().is_empty())
    }

    /// The same page further back.
    fn next(&self, path: &str, before: Option<u64>) -> Option<String> {
        let before = before?.to_string();
        let all = [
            ("repo", self.repo.as_str()),
            ("branch", &self.branch),
            ("stage", &self.stage),
            ("severity", &self.severity),
            ("owner", &self.owner),
            ("q", &self.q),
            ("before", &before),
        ];
        let set = all.into_iter().filter(|(_, value)| !value.is_empty());
        Some(format!("{path}?{}", url::form_urlencoded::Serializer::new(String::new()).extend_pairs(set).finish()))
    }
}

/// An incident as one row.
#[derive(Serialize)]
struct Row {
    no: u64,
    repo: String,
    sha: String,
    branch: String,
    job: String,
    line: String,
    stage: String,
    severity: &'static str,
    at: String,
}

impl Row {
    fn of(incident: &Incident) -> Self {
        let error = incident.headline().and_then(|evidence| evidence.errors.first());
        Self {
            no: incident.no.0,
            repo: incident.repo.to_string(),
            sha: short_sha(&incident.sha).chars().filter(char::is_ascii_alphanumeric).collect(),
            branch: incident.branch.line(60),
            job: incident.first_job().map_or_else(|| incident.workflow.line(60), |job| job.name.line(60)),
            line: error.map_or_else(String::new, |error| error.text.line(140)),
            stage: incident.stage.as_str().replace('_', " "),
            severity: incident.severity.as_str(),
            at: super::pages::rfc3339(incident.closed_at.unwrap_or(incident.opened_at)),
        }
    }
}

fn more(filters: &Filters, rows: &[Row], cards: &[CardView], next: Option<String>) -> Value {
    let stages = Stage::ALL.map(Stage::as_str);
    let severities = SEVERITIES.map(Severity::as_str);
    context! { f => Value::from(Serde(filters)), rows => Value::from(Serde(rows)),
    cards => Value::from(Serde(cards)), next, stages, severities,
    filtered => filters.any(), say => &filters.say }
}

/// The newest incidents; with filters, everything that matches.
pub async fn feed(State(app): State<App>, visit: Visit, Params(filters): Params<Filters>) -> Response {
    let (mut cards, mut rows, mut next) = (Vec::new(), Vec::new(), None);
    if filters.any() {
        let (found, before) = visit.incidents(&app, filters.query()).await;
        next = filters.next("/", before);
        for incident in &found {
            match app.console.card(incident.no.0) {
                Some(card) => cards.push(CardView::of(&card)),
                None => rows.push(Row::of(incident)),
            }
        }
    } else {
        cards.extend(visit.cards(&app).await.iter().map(CardView::of));
    }
    visit.page(&app, "feed.html", "", more(&filters, &rows, &cards, next)).await
}

/// What this person may approve.
pub async fn waiting(State(app): State<App>, visit: Visit) -> Response {
    let (actor, place) = (visit.session.who.actor(), place());
    let found = app.ask.waits_for(&actor, &place).await.unwrap_or_default();
    let (mut cards, mut rows) = (Vec::new(), Vec::new());
    for incident in &found {
        match app.console.card(incident.no.0) {
            Some(card) => cards.push(CardView::of(&card)),
            None => rows.push(Row::of(incident)),
        }
    }
    visit.page(&app, "waiting.html", "", more(&Filters::default(), &rows, &cards, None)).await
}

/// Closed incidents, newest first.
pub async fn history(State(app): State<App>, visit: Visit, Params(filters): Params<Filters>) -> Response {
    let query = Query { closed_only: true, stage: None, ..filters.query() };
    let (found, before) = visit.incidents(&app, query).await;
    let rows: Vec<Row> = found.iter().map(Row::of).collect();
    let next = filters.next("/history", before);
    visit.page(&app, "history.html", "", more(&filters, &rows, &[], next)).await
}

#[derive(Serialize)]
struct HelpRow {
    usage: &'static str,
    summary: &'static str,
    role: String,
    /// With the address that puts it on the command line.
    examples: Vec<(&'static str, String)>,
}

fn prefilled(words: &str) -> String {
    format!("/?{}", url::form_urlencoded::Serializer::new(String::new()).append_pair("say", words).finish())
}

/// The commands by task; an example goes to the command line by a click.
pub async fn help(State(app): State<App>, visit: Visit) -> Response {
    let row = |manifest: &'static command::Manifest| HelpRow {
        usage: &manifest.usage,
        summary: &manifest.summary,
        role: manifest.role().to_string(),
        examples: manifest.examples.iter().map(|example| (example.as_str(), prefilled(example))).collect(),
    };
    let rows = |task| command::all().iter().filter(|manifest| manifest.task == task).map(row).collect();
    let groups: Vec<(&str, Vec<HelpRow>)> = command::Task::ALL.map(|task| (task.title(), rows(task))).into();
    visit.page(&app, "help.html", "", context! { groups => Value::from(Serde(&groups)) }).await
}
