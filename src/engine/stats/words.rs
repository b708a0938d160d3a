//! The figures in lines, as chat shows them.

use crate::domain::figures::{BINS, Calibration, DAYS, EXAMPLES, Figures};
use crate::domain::time::Span;
use std::collections::BTreeMap;

/// Flaky jobs named.
const SUITES: usize = 3;

/// One line a subject; subjects of which nothing is known are left out.
#[must_use]
pub fn lines(figures: &Figures) -> Vec<String> {
    if figures.incidents + figures.duplicates == 0 && figures.builds.of == 0 {
        return vec![format!("no incident in the last {DAYS} days")];
    }
    let mut lines = vec![counts(figures)];
    lines.extend(builds(figures));
    lines.extend(times(figures));
    lines.extend(remedies(figures));
    lines.extend(verdicts(figures));
    let suite = |suite: &crate::domain::figures::Suite| {
        format!(
            "flaky: {} in {}, {:.1} % of {} executions",
            suite.job,
            suite.repo,
            suite.rate * 100.0,
            suite.executions
        )
    };
    lines.extend(figures.suites.iter().take(SUITES).map(suite));
    if let Some(first) = figures.recurring.first() {
        let n = figures.recurring.len();
        let what = if n == 1 { "failure recurs" } else { "failures recur" };
        lines.push(format!(
            "{n} {what} that no rule knows, first {}: the console's statistics propose rules",
            first.incident
        ));
    }
    lines
}

fn counts(figures: &Figures) -> String {
    let Figures { incidents, open, duplicates, wrong_escalations: escalated, .. } = figures;
    let wrong = if escalated.yes > 0 { format!(" ({} wrongly)", escalated.yes) } else { String::new() };
    let (incidents, duplicates) = (count(*incidents, "incident"), count(*duplicates, "duplicate"));
    format!("{incidents}, {open} open, {} escalated{wrong}; {duplicates} joined an older one", escalated.of)
}

fn count(n: u32, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn builds(figures: &Figures) -> Option<String> {
    let ratio = figures.builds.ratio()?;
    Some(format!("default branches: {:.0} % of {} green", ratio * 100.0, count(figures.builds.of, "build")))
}

fn times(figures: &Figures) -> Vec<String> {
    let green = figures.to_green.map(|times| {
        let (mean, median) = (Span(times.mean), Span(times.median));
        format!("time to green: {mean} on average, half within {median} ({})", count(times.count, "incident"))
    });
    let fix = figures.fix.map(|times| {
        let (median, n) = (Span(times.median), count(times.count, "incident"));
        format!("fix time: half within {median} where another commit was needed ({n})")
    });
    green.into_iter().chain(fix).collect()
}

fn remedies(figures: &Figures) -> Vec<String> {
    let mut lines = Vec::new();
    let retries = figures.retries;
    if retries.of > 0 {
        lines.push(format!("retries: {} of {} made it green", retries.yes, retries.of));
    }
    let pulls = figures.pulls;
    if pulls.merged + pulls.closed + pulls.open > 0 {
        let all = pulls.merged + pulls.closed + pulls.open;
        lines.push(format!(
            "pull requests: {} of {all} merged, {} closed, {} open",
            pulls.merged, pulls.closed, pulls.open
        ));
    }
    let mut ends: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ended in &figures.remedies {
        ends.entry(&ended.remedy).or_default().push(format!("{} {}", ended.state, ended.count));
    }
    let words: Vec<String> = ends.iter().map(|(remedy, ends)| format!("{remedy} {}", ends.join(", "))).collect();
    if !words.is_empty() {
        lines.push(format!("proposals: {}", words.join("; ")));
    }
    lines
}

fn verdicts(figures: &Figures) -> Vec<String> {
    let (named, corrected) = (figures.named, figures.corrected);
    let mut lines = vec![format!("verdicts: {} of {} name a cause, people corrected {corrected}", named.yes, named.of)];
    let new = figures.recognised;
    if new.of > 0 {
        lines.push(format!("new failures: {} of {} had a cause within a day", new.yes, new.of));
    }
    let told: u32 = figures.calibration.bins.iter().map(|bin| bin.of).sum();
    if let Some(brier) = figures.calibration.brier {
        lines.push(format!("Brier score of \"passes again\": {brier:.3} ({})", count(told, "incident")));
    }
    for (at, bin) in figures.calibration.bins.iter().enumerate().filter(|(_, bin)| bin.of > 0) {
        let (from, to) = (at * 100 / BINS, (at + 1) * 100 / BINS);
        lines.push(format!("said {from} to {to} %: {} of {} passed again", bin.yes, bin.of));
    }
    let Calibration { learned, corrected, .. } = figures.calibration;
    if learned > 0 {
        let now = EXAMPLES.iter().zip(corrected).map(|(was, now)| format!("{:.0} → {:.0} %", was * 100.0, now * 100.0));
        let now: Vec<String> = now.collect();
        lines.push(format!("corrected by {}: {}", count(learned, "outcome"), now.join(", ")));
    }
    lines
}
