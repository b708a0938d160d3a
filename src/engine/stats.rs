//! How it went: figures over the incidents that closed lately.

use crate::domain::cause::Cause;
use crate::domain::incident::{Incident, Proposal, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::time::{DAY_MS, Span, Time};
use std::collections::BTreeMap;

/// How far back it looks.
const BACK_MS: i64 = 30 * DAY_MS;
/// Bins of the reliability table.
const BINS: usize = 5;

/// The figures in lines; `incidents` may be any, those that opened earlier are left out.
#[must_use]
pub fn lines(incidents: &[Incident], now: Time) -> Vec<String> {
    let lately = |incident: &&Incident| now.ms_since(incident.opened_at) <= BACK_MS;
    let all: Vec<&Incident> = incidents.iter().filter(lately).collect();
    if all.is_empty() {
        return vec!["no incident in the last 30 days".into()];
    }
    let mut lines = vec![counts(&all)];
    lines.extend(time_to_green(&all));
    lines.extend(retries(&all));
    lines.extend(proposals(&all));
    lines.extend(verdicts(&all));
    lines
}

fn counts(all: &[&Incident]) -> String {
    let open = all.iter().filter(|incident| incident.closed_at.is_none()).count();
    let spared: usize = all.iter().map(|incident| incident.adopted.len()).sum();
    let escalated = all.iter().filter(|incident| incident.escalated_at.is_some()).count();
    let own = all.iter().filter(|incident| incident.adopted_by.is_none()).count();
    format!("{own} incidents, {open} open, {escalated} escalated; {spared} duplicates joined an older one")
}

/// It went green, rather than away.
fn is_green(incident: &Incident) -> bool {
    incident.closed_at.is_some() && !incident.gone && incident.adopted_by.is_none()
}

fn time_to_green(all: &[&Incident]) -> Option<String> {
    let took = |incident: &&&Incident| Some(incident.closed_at?.ms_since(incident.opened_at));
    let mut times: Vec<i64> = all.iter().filter(|incident| is_green(incident)).filter_map(|i| took(&i)).collect();
    times.sort_unstable();
    let count = i64::try_from(times.len()).ok().filter(|count| *count > 0)?;
    let (mean, median) = (times.iter().sum::<i64>() / count, times[times.len() / 2]);
    Some(format!("time to green: {} on average, half within {} ({count} incidents)", Span(mean), Span(median)))
}

fn retries(all: &[&Incident]) -> Option<String> {
    let done = |incident: &&&Incident| {
        incident.proposals.iter().any(|p| is_retry(p) && p.state == ProposalState::Done && !p.dry_run)
    };
    let retried: Vec<&&Incident> = all.iter().filter(done).collect();
    let passed = retried.iter().filter(|incident| passed_on_retry(incident)).count();
    (!retried.is_empty()).then(|| format!("retries: {passed} of {} made it green", retried.len()))
}

fn is_retry(proposal: &Proposal) -> bool {
    matches!(proposal.wish, Wish::Retry(_))
}

fn passed_on_retry(incident: &Incident) -> bool {
    is_green(incident)
        && incident.runs.iter().any(|run| run.attempt > 1 && !run.superseded && run.failed_attempt < run.attempt)
}

fn proposals(all: &[&Incident]) -> Option<String> {
    let mut ends: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    for proposal in all.iter().flat_map(|incident| &incident.proposals) {
        if !is_retry(proposal) && !proposal.dry_run {
            *ends.entry((&proposal.remedy, proposal.state.as_str())).or_default() += 1;
        }
    }
    let words: Vec<String> = ends.iter().map(|((remedy, state), count)| format!("{remedy} {state} {count}")).collect();
    (!words.is_empty()).then(|| format!("proposals: {}", words.join(", ")))
}

/// What was told first, and whether nothing was broken: a retry at the same commit passed, or another commit was needed.
fn told(incident: &Incident) -> Option<(f64, bool)> {
    let chance = incident.first_told?;
    is_green(incident).then(|| (chance, passed_on_retry(incident)))
}

fn verdicts(all: &[&Incident]) -> Vec<String> {
    let told: Vec<(f64, bool)> = all.iter().filter_map(|incident| told(incident)).collect();
    let corrected = all.iter().filter(|i| i.judged.as_ref().is_some_and(|judged| judged.by.is_some())).count();
    let named = all.iter().filter(|i| i.judged.as_ref().is_some_and(|judged| judged.cause != Cause::Unknown)).count();
    let mut lines = vec![format!("verdicts: {named} of {} name a cause, people corrected {corrected}", all.len())];
    if told.is_empty() {
        return lines;
    }
    let brier = told.iter().map(|(chance, truth)| (chance - f64::from(u8::from(*truth))).powi(2)).sum::<f64>();
    lines.push(format!("Brier score of \"passes again\": {:.3} ({} incidents)", brier / told.len() as f64, told.len()));
    let mut bins = [(0_u32, 0_u32); BINS];
    for (chance, truth) in &told {
        let at = (0..BINS).rev().find(|bin| *chance * BINS as f64 >= *bin as f64).unwrap_or(0);
        bins[at].0 += 1;
        bins[at].1 += u32::from(*truth);
    }
    for (at, (count, passed)) in bins.iter().enumerate().filter(|(_, (count, _))| *count > 0) {
        let (from, to) = (at * 100 / BINS, (at + 1) * 100 / BINS);
        lines.push(format!("said {from} to {to} %: {passed} of {count} passed again"));
    }
    lines
}
