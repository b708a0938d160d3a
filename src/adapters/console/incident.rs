//! An incident's own page: its card, timeline, patches and log.

use super::attempts::diff;
use super::error::{NO_INCIDENT, refusal};
use super::pages::{self, CardView};
use super::routes::App;
use super::visit::Visit;
use crate::domain::IncidentNo;
use crate::domain::decision::{Reason, Tested};
use crate::domain::incident::{Incident, ProposalState};
use crate::domain::journal::Entry;
use crate::ports::Query;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;

#[derive(Serialize)]
pub struct EntryView {
    at: String,
    by: Option<String>,
    text: String,
}

/// One that does not exist and one that this person may not see are the same.
pub async fn look_up(app: &App, visit: &Visit, no: &str) -> Option<Incident> {
    let no = no.parse::<IncidentNo>().ok()?;
    let query = Query { no: Some(no), before: Some(no.0.saturating_add(1)), limit: 1, ..Query::default() };
    visit.incidents(app, query).await.0.into_iter().next()
}

pub async fn page(State(app): State<App>, visit: Visit, headers: HeaderMap, Path(no): Path<String>) -> Response {
    let Some(incident) = look_up(&app, &visit, &no).await else {
        return refusal(&app, &headers, StatusCode::NOT_FOUND, NO_INCIDENT);
    };
    let no = incident.no;
    let views = entries(&app, no).await;
    let excerpt = excerpt(&app, &incident).await;
    let patches = patches(&app, &incident).await;
    let tested = app.ask.policy(no, None).await.ok().flatten().unwrap_or_default();
    let tested: Vec<TestedView<'_>> = tested.iter().map(TestedView::of).collect();
    let script = incident.repro.is_some();
    let loops: Vec<String> =
        incident.proposals.iter().filter(|own| own.is_loop()).map(|own| own.id.to_string()).collect();
    let cards: Vec<CardView> = app.console.card(no.0).iter().map(CardView::of).collect();
    let previews: Vec<(&str, &str)> = app.previews.iter().map(|preview| (preview.platform, preview.name)).collect();
    let more = context! { entries => Value::from(Serde(&views)), excerpt => Value::from(Serde(&excerpt)),
    patches => Value::from(Serde(&patches)), tested => Value::from(Serde(&tested)), script, loops, no => no.0, previews, cards => Value::from(Serde(&cards)) };
    visit.page(&app, "incident.html", &no.0.to_string(), more).await
}

/// The timeline.
pub async fn entries(app: &App, no: IncidentNo) -> Vec<EntryView> {
    let entries = app.ask.journal(no).await.unwrap_or_default();
    let view = |entry: &Entry| {
        let text = app.words.note("html", &entry.note).unwrap_or_default();
        // Where the sentence begins with the person, they need not stand before it.
        let by = entry.by.clone().filter(|by| !text.starts_with(&format!("{by} ")));
        EntryView { at: pages::rfc3339(entry.at), by, text }
    };
    entries.iter().map(view).collect()
}

/// What its log says, line by line.
pub async fn excerpt(app: &App, incident: &Incident) -> Option<Vec<pages::TextLine>> {
    let evidence = incident.headline()?;
    let bytes = app.ask.blob(evidence.excerpt.as_ref()?).await.ok().flatten()?;
    let errors = evidence.errors.iter().map(|error| error.text.raw().trim()).filter(|error| !error.is_empty());
    Some(pages::log(&String::from_utf8_lossy(&bytes), &errors.collect::<Vec<_>>()))
}

/// What policy would decide now.
#[derive(Serialize)]
struct TestedView<'a> {
    title: String,
    of: &'a [Reason],
}

impl<'a> TestedView<'a> {
    fn of(tested: &'a Tested) -> Self {
        Self { title: tested.title(), of: &tested.decision.because.of }
    }
}

/// What one proposal changes, or would have.
#[derive(Serialize)]
struct PatchView {
    n: u32,
    remedy: String,
    state: &'static str,
    /// It will not happen, or was taken back.
    gone: bool,
    diffs: Vec<(String, Vec<pages::TextLine>)>,
}

/// Newest first.
async fn patches(app: &App, incident: &Incident) -> Vec<PatchView> {
    let mut views = Vec::new();
    for proposal in incident.proposals.iter().rev() {
        let mut diffs = Vec::new();
        for (onto, preview) in proposal.plan.iter().flat_map(|plan| &plan.previews) {
            let Some(digest) = &preview.diff else { continue };
            if let Some((lines, _)) = diff(app, digest, DIFF_SHOWN).await {
                diffs.push((onto.clone(), lines));
            }
        }
        if !diffs.is_empty() {
            let gone = !proposal.state.is_active() && proposal.state != ProposalState::Done;
            let (n, remedy, state) = (proposal.id.n, proposal.remedy.clone(), proposal.state.as_str());
            views.push(PatchView { n, remedy, state, gone, diffs });
        }
    }
    views
}

/// Characters of a diff on the page.
const DIFF_SHOWN: usize = 200_000;
