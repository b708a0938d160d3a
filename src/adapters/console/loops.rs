//! What fixing agents do and did: today's money, how each specialist fares, and every loop.

use super::attempts::money;
use super::pages::{day, rfc3339};
use super::plot::{self, Chart};
use super::routes::App;
use super::visit::Visit;
use crate::domain::agent::Usd;
use crate::domain::figures::DAYS;
use crate::domain::ids::IncidentNo;
use crate::domain::text::clean_line;
use crate::domain::time::{DAY_MS, Span, Time};
use crate::ports::{BudgetView, LoopFigures, LoopView, by_specialist};
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};
use serde::Serialize;
use std::collections::BTreeMap;

/// Nothing is known.
const NONE: &str = "–";
/// Characters of why a loop stands as it does.
const WHY: usize = 200;
/// From here on, cents say nothing on the scale of a plot.
const DEAR: f64 = 10.0;

/// A loop as one row.
#[derive(Serialize)]
struct Row {
    id: String,
    incident: u64,
    repo: String,
    branch: String,
    specialist: String,
    state: String,
    why: String,
    attempts: usize,
    cost: String,
    /// How long the fix took, where there is one.
    took: Option<String>,
    pull: Option<String>,
    at: String,
}

impl Row {
    fn of(view: &LoopView) -> Self {
        Self {
            id: view.proposal.clone(),
            incident: view.incident,
            repo: view.repo.to_string(),
            branch: clean_line(&view.branch, 60),
            specialist: view.specialist.clone(),
            state: view.state.clone(),
            why: clean_line(&view.why, WHY),
            attempts: view.attempts.len(),
            cost: money(view.cost),
            took: fix_time(view),
            pull: view.pull.clone(),
            at: rfc3339(view.began),
        }
    }
}

/// From the wish to the push that passed.
pub fn fix_time(view: &LoopView) -> Option<String> {
    view.took_ms.filter(|_| view.is_fixed()).map(|ms| Span(ms).to_string())
}

/// What may be spent today, and whether the bot may act at all.
#[derive(Serialize)]
struct Today {
    spent: f64,
    limit: f64,
    told: String,
    /// From when on all of it may be spent again.
    resets: String,
    acts: String,
    failures: u32,
    /// Until when the breaker is open.
    breaks_until: Option<String>,
}

impl Today {
    fn of(budget: BudgetView, now: Time) -> Self {
        Self {
            spent: budget.daily_spend,
            limit: budget.daily_limit,
            told: format!("{} of {}", money(budget.daily_spend), money(budget.daily_limit)),
            resets: rfc3339(Time((now.day() + 1) * DAY_MS)),
            acts: budget.reason,
            failures: budget.consecutive_failures,
            breaks_until: budget.circuit_breaker_until.map(rfc3339),
        }
    }
}

/// `GET /loops`
pub async fn page(State(app): State<App>, visit: Visit) -> Response {
    let Ok(mut loops) = app.ask.loops(None).await else {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read").into_response();
    };
    let nos: Vec<IncidentNo> = loops.iter().map(|view| IncidentNo(view.incident)).collect();
    let seen = visit.sees(&app, &nos).await;
    loops.retain(|view| seen.contains(&IncidentNo(view.incident)));
    let now = app.clock.now();
    let today = Today::of(app.ask.budget().await, now);
    let rows = |running: bool| loops.iter().filter(move |view| view.is_running() == running).map(Row::of);
    let (active, ended): (Vec<Row>, Vec<Row>) = (rows(true).collect(), rows(false).collect());
    let more = context! {
        days => DAYS, today => Value::from(Serde(&today)), active => Value::from(Serde(&active)),
        ended => Value::from(Serde(&ended)), outcomes => outcomes(&loops, now),
        chart => Value::from(Serde(&costs(&loops, now))),
    };
    visit.page(&app, "loops.html", "", more).await
}

/// Specialist, loops that ended, those that led to a pull request, how long these took, and what all of them cost.
fn outcomes(loops: &[LoopView], now: Time) -> Vec<(String, usize, usize, String, String)> {
    let since = now.plus_ms(-DAYS * DAY_MS);
    let row = |(specialist, of): (String, LoopFigures)| {
        let median = of.median_ms.map_or_else(|| NONE.into(), |ms| Span(ms).to_string());
        (specialist, of.ended, of.fixed, median, money(of.cost))
    };
    by_specialist(loops.iter().filter(|view| view.began >= since)).into_iter().map(row).collect()
}

/// What agents cost, day by day; `None` where none ran.
fn costs(loops: &[LoopView], now: Time) -> Option<Chart> {
    let (first, last) = (now.day() - DAYS + 1, now.day());
    let mut days: BTreeMap<i64, (u32, Usd)> = BTreeMap::new();
    for attempt in loops.iter().flat_map(|view| &view.attempts).filter(|attempt| attempt.at.day() >= first) {
        let (count, cost) = days.entry(attempt.at.day()).or_default();
        (*count, *cost) = (*count + 1, cost.plus(attempt.cost));
    }
    let top = days.values().map(|(_, cost)| *cost).max()?.max(Usd::cents(1));
    let name = |of: i64| day(Time(of * DAY_MS));
    let share = |of: i64| days.get(&of).map(|(_, cost)| cost.dollars() / top.dollars());
    let values: Vec<_> = (first..=last).map(|of| (name(of), share(of))).collect();
    let all: Usd = days.values().map(|(_, cost)| *cost).sum();
    let desc = format!("A column a day, by UTC, its height what agents cost. The last {DAYS} days: {all}.");
    let scale = [Usd(0), Usd(top.0 / 2), top].map(short);
    let row = |(of, (count, cost)): (&i64, &(u32, Usd))| vec![name(*of), count.to_string(), cost.to_string()];
    let plot = plot::columns(("costs", "Cost by day"), desc, &values, scale);
    Some(Chart { plot, heads: vec!["Day", "Attempts", "Cost"], rows: days.iter().map(row).collect() })
}

/// As the scale of a plot has room for it.
fn short(money: Usd) -> String {
    if money.dollars() < DEAR { money.to_string() } else { format!("${:.0}", money.dollars()) }
}
