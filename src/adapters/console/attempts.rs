//! One loop's page: how it stands, and what came of each attempt.

use super::error::{NO_LOOP, refusal};
use super::loops::fix_time;
use super::pages::{self, CardView, rfc3339};
use super::routes::App;
use super::visit::Visit;
use crate::domain::agent::{Attempt, AttemptEnd, Verdict};
use crate::domain::ids::{Digest, ProposalId};
use crate::domain::journal::Note;
use crate::domain::text::clean_line;
use crate::domain::time::{SECOND_MS, Span};
use crate::ports::LoopView;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use std::collections::BTreeMap;

/// Characters of each reason, and of an agent's words.
const WORDS: usize = 600;
/// Characters of each attempt's diff: what the bot lets through is far smaller.
const DIFF_SHOWN: usize = 50_000;

/// A loop as its page tells it.
#[derive(Serialize)]
struct LoopPage {
    id: String,
    incident: u64,
    repo: String,
    branch: String,
    specialist: String,
    state: String,
    running: bool,
    /// What it waits for, or why it ended.
    why: String,
    spent: f64,
    limit: f64,
    told: String,
    began: String,
    took: Option<String>,
    pull: Option<String>,
}

impl LoopPage {
    fn of(view: &LoopView, limit: f64) -> Self {
        Self {
            id: view.proposal.clone(),
            incident: view.incident,
            repo: view.repo.to_string(),
            branch: view.branch.clone(),
            specialist: view.specialist.clone(),
            state: view.state.clone(),
            running: view.is_running(),
            why: clean_line(&view.why, WORDS),
            spent: view.cost,
            limit,
            told: format!("{} of {}", money(view.cost), money(limit)),
            began: rfc3339(view.began),
            took: fix_time(view),
            pull: view.pull.clone(),
        }
    }
}

#[derive(Serialize)]
struct AttemptView {
    n: u32,
    /// Whose agent it was.
    by: String,
    at: String,
    took: Option<String>,
    cost: String,
    /// The agent told its cost; else it is assumed.
    told: bool,
    came: &'static str,
    why: Vec<String>,
    ci: Option<&'static str>,
    /// The last that the agent said.
    said: String,
    diff: Vec<pages::TextLine>,
    /// There is more of the diff than is shown.
    cut: bool,
}

/// `GET /loops/{proposal}`
pub async fn page(State(app): State<App>, visit: Visit, headers: HeaderMap, Path(id): Path<String>) -> Response {
    let Some((id, found)) = look_up(&app, &visit, &id).await else {
        return refusal(&app, &headers, StatusCode::NOT_FOUND, NO_LOOP);
    };
    let limit = app.ask.budget().await.per_loop_limit;
    let took = durations(&app, id).await;
    let mut attempts = Vec::new();
    for attempt in &found.attempts {
        attempts.push(view(&app, attempt, took.get(&attempt.n)).await);
    }
    let cards: Vec<CardView> = app.console.card(found.incident).iter().map(CardView::of).collect();
    let more = context! {
        of => Value::from(Serde(&LoopPage::of(&found, limit))), attempts => Value::from(Serde(&attempts)),
        cards => Value::from(Serde(&cards)),
    };
    visit.page(&app, "loop.html", &found.incident.to_string(), more).await
}

async fn look_up(app: &App, visit: &Visit, id: &str) -> Option<(ProposalId, LoopView)> {
    let id: ProposalId = id.parse().ok()?;
    if visit.sees(app, &[id.incident]).await.is_empty() {
        return None;
    }
    Some((id, app.ask.one_loop(id).await.ok()??))
}

/// How long each attempt took, as far as the journal knows.
async fn durations(app: &App, id: ProposalId) -> BTreeMap<u32, String> {
    let entries = app.ask.journal(id.incident).await.unwrap_or_default();
    let took = entries.iter().filter_map(|entry| match &entry.note {
        Note::Attempted { proposal, n, took_s, .. } if *proposal == id => {
            Some((*n, Span(took_s.saturating_mul(SECOND_MS)).to_string()))
        }
        _ => None,
    });
    took.collect()
}

async fn view(app: &App, attempt: &Attempt, took: Option<&String>) -> AttemptView {
    let (came, why) = came(&attempt.end);
    let (diff, cut) = match diff_of(&attempt.end) {
        Some(digest) => diff(app, digest, DIFF_SHOWN).await.unwrap_or_default(),
        None => (Vec::new(), false),
    };
    AttemptView {
        n: attempt.n,
        by: attempt.specialist.clone(),
        at: rfc3339(attempt.at),
        took: took.cloned(),
        cost: attempt.cost.to_string(),
        told: attempt.cost_told,
        came,
        why: why.iter().map(|why| clean_line(why, WORDS)).collect(),
        ci: judged(attempt),
        said: attempt.said.line(WORDS),
        diff,
        cut,
    }
}

/// What an attempt came to, and the words that belong to it.
fn came(end: &AttemptEnd) -> (&'static str, Vec<String>) {
    match end {
        AttemptEnd::Proposed { patch } => ("proposed a change", vec![patch.preview.stat.clone()]),
        AttemptEnd::Refused { why, .. } => ("refused by the bot", why.clone()),
        AttemptEnd::Escalated { why } => ("asks for a person", vec![why.line(WORDS)]),
        AttemptEnd::Failed { why } => ("failed", vec![why.clone()]),
        AttemptEnd::Interrupted => ("interrupted", Vec::new()),
    }
}

fn diff_of(end: &AttemptEnd) -> Option<&Digest> {
    match end {
        AttemptEnd::Proposed { patch } => Some(&patch.diff),
        AttemptEnd::Refused { diff, .. } => diff.as_ref(),
        _ => None,
    }
}

/// What CI said of the push, where there was one.
fn judged(attempt: &Attempt) -> Option<&'static str> {
    attempt.pushed_at?;
    Some(match attempt.ci {
        Some(Verdict::Passed) => "CI passed.",
        Some(Verdict::Mixed) => "The failing workflow passed in CI, and another one failed.",
        Some(Verdict::Failed) => "CI failed.",
        Some(Verdict::Late) => "CI did not finish in time.",
        Some(Verdict::Silent) => "The failing workflow did not run in CI.",
        None => "Pushed; CI has not judged it.",
    })
}

/// The first characters of a stored diff, line by line, and whether there are more.
pub async fn diff(app: &App, digest: &Digest, max: usize) -> Option<(Vec<pages::TextLine>, bool)> {
    let bytes = app.ask.blob(digest).await.ok().flatten()?;
    let text = String::from_utf8_lossy(&bytes);
    let end = text.char_indices().nth(max).map(|(at, _)| at);
    Some((pages::diff(&text[..end.unwrap_or(text.len())]), end.is_some()))
}

/// US dollars.
pub fn money(dollars: f64) -> String {
    format!("${dollars:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agent::Usd;
    use crate::domain::time::Time;
    use serde_json::json;

    #[test]
    fn what_ci_said_is_told_once_there_was_a_push() {
        let attempt = |pushed: Option<i64>, ci: Option<&str>| {
            let all = json!({"n": 1, "base": "b", "at": 0, "cost": Usd::cents(1), "cost_told": true, "end": "interrupted",
                "pushed_at": pushed.map(Time), "ci": ci});
            serde_json::from_value::<Attempt>(all).expect("an attempt")
        };
        for (pushed, ci, want) in [
            (None, None, None),
            (Some(1), None, Some("has not judged")),
            (Some(1), Some("passed"), Some("CI passed")),
            (Some(1), Some("mixed"), Some("another one failed")),
            (Some(1), Some("failed"), Some("CI failed")),
            (Some(1), Some("late"), Some("in time")),
            (Some(1), Some("silent"), Some("did not run")),
        ] {
            let told = judged(&attempt(pushed, ci));
            assert_eq!(told.is_some(), want.is_some(), "{ci:?}");
            assert!(told.unwrap_or_default().contains(want.unwrap_or_default()), "{told:?}");
        }
    }
}
