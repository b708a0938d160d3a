//! How it went: figures, plots with their tables, and rules that are proposed for what recurs.

use super::pages;
use super::plot::{self, Chart, RowValue};
use super::routes::App;
use super::visit::{Visit, place};
use crate::domain::executed::Filled;
use crate::domain::figures::{BINS, DAYS, Figures, Share, Suite, Times, Week};
use crate::domain::text::clean_line;
use crate::domain::time::{HOUR_MS, Span};
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use minijinja::value::Serde;
use minijinja::{Value, context};

/// Nothing is known.
const NONE: &str = "–";
/// Characters of a label in a plot.
const LABEL: usize = 46;

pub async fn page(State(app): State<App>, visit: Visit) -> Response {
    let Ok(figures) = app.insight.figures(&visit.session.who.actor(), &place()).await else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be read, or GitHub does not say what you may read; try again",
        )
            .into_response();
    };
    let charts = [green(&figures), to_green(&figures), flakes(&figures), remedies(&figures)];
    let charts: Vec<Chart> = charts.into_iter().flatten().collect();
    let more = context! {
        days => DAYS, facts => facts(&figures), charts => Value::from(Serde(&charts)), bins => bins(&figures),
        issues => issues(&figures), recurring => Value::from(Serde(&figures.recurring)), filled => filled(&figures),
    };
    visit.page(&app, "statistics.html", "", more).await
}

/// The proposed rules as one file, to be reviewed.
pub async fn proposed(State(app): State<App>, visit: Visit) -> Response {
    let Ok(figures) = app.insight.figures(&visit.session.who.actor(), &place()).await else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be read, or GitHub does not say what you may read; try again",
        )
            .into_response();
    };
    let rows: Vec<&str> = figures.recurring.iter().map(|recurring| recurring.row.as_str()).collect();
    let named = "attachment; filename=\"proposed_issues.toml\"";
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::CONTENT_DISPOSITION, named)];
    (headers, rows.join("\n")).into_response()
}

/// Repository, runs that were read, and what comes next.
fn filled(figures: &Figures) -> Vec<(String, String, String)> {
    let row = |one: &Filled| {
        let state = match (&one.waits, one.done) {
            (Some(why), _) => clean_line(why, LABEL * 2),
            (None, true) => "done".into(),
            (None, false) => "being read".into(),
        };
        (one.repo.to_string(), format!("{} of {}", one.runs, one.of), state)
    };
    figures.filled.iter().map(row).collect()
}

fn percent(share: Share) -> String {
    share.ratio().map_or_else(|| NONE.into(), |ratio| format!("{:.0} % of {}", ratio * 100.0, share.of))
}

fn median(times: Option<Times>) -> String {
    times.map_or_else(|| NONE.into(), |times| Span(times.median).to_string())
}

/// Name, figure, and what it means.
fn facts(figures: &Figures) -> Vec<(&'static str, String, &'static str)> {
    let (pulls, escalated) = (figures.pulls, figures.wrong_escalations);
    let mean = figures.to_green.map_or_else(|| NONE.into(), |times| Span(times.mean).to_string());
    let ended = Share { yes: pulls.merged, of: pulls.merged + pulls.closed };
    let brier = figures.calibration.brier.map_or_else(|| NONE.into(), |brier| format!("{brier:.3}"));
    vec![
        ("Incidents", format!("{} ({} open)", figures.incidents, figures.open), "opened"),
        ("Mean time to green", mean, "from the failure to green"),
        ("Half green within", median(figures.to_green), "from the failure to green"),
        ("Half fixed within", median(figures.fix), "where another commit was needed"),
        ("Green builds", percent(figures.builds), "runs of default branches, in the end"),
        ("Retries that passed", percent(figures.retries), "of the incidents that were retried"),
        ("Merged pull requests", percent(ended), "of the bot's own that ended"),
        ("Duplicates", figures.duplicates.to_string(), "joined an older incident"),
        ("Escalations", format!("{} ({} wrongly)", escalated.of, escalated.yes), "wrong: nothing was broken"),
        ("Recognised within a day", percent(figures.recognised), "of failures that were new"),
        ("Corrected verdicts", figures.corrected.to_string(), "by people"),
        ("Brier score", brier, "of the chance to pass again; 0 is perfect"),
    ]
}

fn day(week: &Week) -> String {
    pages::day(week.from)
}

fn green(figures: &Figures) -> Option<Chart> {
    if figures.weeks.iter().all(|week| week.builds.of == 0) {
        return None;
    }
    let values: Vec<_> = figures.weeks.iter().map(|week| (day(week), week.builds.ratio())).collect();
    let desc = format!(
        "A column a week, its height the share of green builds. The last 30 days: {}.",
        percent(figures.builds)
    );
    let scale = ["0 %", "50 %", "100 %"].map(str::to_owned);
    let row = |week: &Week| vec![day(week), percent(week.builds)];
    let plot = plot::columns(("green", "Green builds by week"), desc, &values, scale);
    Some(Chart { plot, heads: vec!["Week from", "Green"], rows: figures.weeks.iter().map(row).collect() })
}

fn to_green(figures: &Figures) -> Option<Chart> {
    let longest = figures.weeks.iter().filter_map(|week| week.to_green).map(|times| times.median).max()?;
    let top = longest.max(HOUR_MS / 60);
    let value = |week: &Week| week.to_green.map(|times| times.median as f64 / top as f64);
    let values: Vec<_> = figures.weeks.iter().map(|week| (day(week), value(week))).collect();
    let desc = format!("A column a week, its height the median time to green. The longest is {}.", Span(longest));
    let scale = [0, top / 2, top].map(|ms| Span(ms).to_string());
    let row = |week: &Week| {
        let count = week.to_green.map_or(0, |times| times.count);
        vec![day(week), median(week.to_green), count.to_string()]
    };
    let plot = plot::columns(("to-green", "Time to green by week"), desc, &values, scale);
    let heads = vec!["Week from", "Half within", "Incidents"];
    Some(Chart { plot, heads, rows: figures.weeks.iter().map(row).collect() })
}

fn cut(text: &str) -> String {
    crate::domain::text::clean_line(text, LABEL)
}

fn flakes(figures: &Figures) -> Option<Chart> {
    let worst = figures.suites.first()?;
    let top = figures.suites.iter().map(|suite| suite.high).fold(worst.high, f64::max).max(0.01);
    let name = |suite: &Suite| format!("{} · {}", suite.job, suite.repo);
    let value = |suite: &Suite| RowValue {
        label: cut(&format!("{:.1} % {}", suite.rate * 100.0, name(suite))),
        value: suite.rate / top,
        interval: Some((suite.low / top, suite.high / top)),
    };
    let values: Vec<RowValue> = figures.suites.iter().map(value).collect();
    let desc = format!(
        "A row a job, its length the chance that an execution fails with nothing broken, with its 90 % interval. The worst is {} with {:.1} %.",
        name(worst),
        worst.rate * 100.0
    );
    let row = |suite: &Suite| {
        let between = format!("{:.1} to {:.1} %", suite.low * 100.0, suite.high * 100.0);
        vec![name(suite), format!("{:.1} %", suite.rate * 100.0), between, suite.executions.to_string()]
    };
    let plot = plot::rows(("flakes", "Worst flakes"), desc, &values);
    let heads = vec!["Job", "Flakes", "Between", "Executions"];
    Some(Chart { plot, heads, rows: figures.suites.iter().map(row).collect() })
}

fn remedies(figures: &Figures) -> Option<Chart> {
    let most = figures.remedies.iter().map(|ended| ended.count).max()?;
    let value = |ended: &crate::domain::figures::Ended| RowValue {
        label: cut(&format!("{} {}: {}", ended.remedy, ended.state, ended.count)),
        value: f64::from(ended.count) / f64::from(most.max(1)),
        interval: None,
    };
    let values: Vec<RowValue> = figures.remedies.iter().map(value).collect();
    let all: u32 = figures.remedies.iter().map(|ended| ended.count).sum();
    let desc = format!("A row for each remedy and how it ended, its length the number of proposals, {all} in all.");
    let row = |ended: &crate::domain::figures::Ended| {
        vec![ended.remedy.clone(), ended.state.clone(), ended.count.to_string(), ended.automatic.to_string()]
    };
    let plot = plot::rows(("remedies", "Remedies and how they ended"), desc, &values);
    let heads = vec!["Remedy", "Ended", "Proposals", "Automatic"];
    Some(Chart { plot, heads, rows: figures.remedies.iter().map(row).collect() })
}

/// What was said, of how many, and what came.
fn bins(figures: &Figures) -> Vec<(String, u32, String)> {
    let bin = |(at, bin): (usize, &Share)| {
        let said = format!("{} to {} %", at * 100 / BINS, (at + 1) * 100 / BINS);
        (said, bin.of, bin.ratio().map_or_else(|| NONE.into(), |ratio| format!("{:.0} %", ratio * 100.0)))
    };
    figures.calibration.bins.iter().enumerate().filter(|(_, bin)| bin.of > 0).map(bin).collect()
}

/// Name, track, shipped and present confidence.
fn issues(figures: &Figures) -> Vec<(String, String, String, String)> {
    let percent = |chance: f64| format!("{:.0} %", chance * 100.0);
    let row = |issue: &crate::domain::figures::IssueFigures| {
        (issue.id.clone(), issue.track.words(), percent(issue.shipped), percent(issue.now))
    };
    figures.issues.iter().map(row).collect()
}
