//! Loops of fixing agents, as people and programs look at them.

use super::Engine;
use crate::domain::agent::{AttemptEnd, Record, Records, Usd};
use crate::domain::ids::{ProposalId, Repo};
use crate::domain::incident::{Incident, Proposal, ProposalState};
use crate::domain::time::{Span, Time};
use crate::ports::{self, LoopFigures, LoopView, Query, StoreError};

/// Incidents that are looked through, the newest: the last hundred loops are kept in sight.
const INCIDENTS_MAX: usize = 2_000;
const LOOPS_MAX: usize = 100;

impl Engine {
    /// Loops at work (`true`), ended (`false`), or both, newest first.
    pub(super) async fn all_loops(&self, active: Option<bool>) -> Result<Vec<LoopView>, StoreError> {
        let found = self.store.incidents(&Query { limit: INCIDENTS_MAX, ..Query::default() }).await?;
        Ok(views(&found, active))
    }

    pub(super) async fn one_loop(&self, id: ProposalId) -> Result<Option<LoopView>, StoreError> {
        let Some(incident) = self.store.incident(id.incident).await? else { return Ok(None) };
        Ok(incident.proposal(id.n).filter(|own| own.is_loop()).map(|own| view(&incident, own)))
    }
}

pub(super) fn views(incidents: &[Incident], active: Option<bool>) -> Vec<LoopView> {
    let all = incidents.iter().flat_map(|incident| incident.proposals.iter().map(move |own| (incident, own)));
    let loops = all.filter(|(_, own)| own.is_loop());
    let wanted = loops.filter(|(_, own)| active.is_none_or(|active| own.state.is_active() == active));
    let mut found: Vec<LoopView> = wanted.map(|(incident, own)| view(incident, own)).collect();
    found.sort_by_key(|view| std::cmp::Reverse(view.began));
    found.truncate(LOOPS_MAX);
    found
}

fn view(incident: &Incident, own: &Proposal) -> LoopView {
    let cost: Usd = own.attempts.iter().map(|attempt| attempt.cost).sum();
    LoopView {
        proposal: own.id.to_string(),
        incident: incident.no.0,
        repo: incident.repo.clone(),
        branch: incident.branch.line(100),
        specialist: specialist(incident, own),
        state: state(own).to_owned(),
        why: why(own),
        cost: cost.dollars(),
        pull: own.made.first().map(|made| made.url.clone()),
        began: own.created_at,
        took_ms: took_ms(own),
        attempts: own.attempts.clone(),
    }
}

/// Who tried last; before the first attempt, who will.
fn specialist(incident: &Incident, own: &Proposal) -> String {
    let last = own.attempts.last().map(|last| &last.specialist).filter(|name| !name.is_empty());
    last.or(incident.routed.as_ref().map(|routed| &routed.specialist)).cloned().unwrap_or_default()
}

fn why(own: &Proposal) -> String {
    match &own.state {
        ProposalState::Failed { why } | ProposalState::Undone { why, .. } => why.clone(),
        ProposalState::Refused { why } => why.join("; "),
        ProposalState::Rejected { by } => format!("rejected by {by}"),
        ProposalState::Cancelled { by } => format!("cancelled by {by}"),
        ProposalState::Expired => "nobody approved it in time".into(),
        ProposalState::Awaiting => "approval".into(),
        _ => own.waits_for.clone().unwrap_or_default(),
    }
}

/// From the wish to the newest push, which CI judged then.
fn took_ms(own: &Proposal) -> Option<i64> {
    own.attempts.iter().rev().find_map(|attempt| attempt.pushed_at).map(|at| at.ms_since(own.created_at))
}

/// How a loop stands: running, success, exhausted, escalated, or stopped by people and limits.
fn state(own: &Proposal) -> &'static str {
    let escalated = own.attempts.last().is_some_and(|last| matches!(last.end, AttemptEnd::Escalated { .. }));
    match &own.state {
        state if state.is_active() => "running",
        ProposalState::Done => "success",
        ProposalState::Failed { .. } if escalated => "escalated",
        ProposalState::Failed { .. } => "exhausted",
        _ => "stopped",
    }
}

/// One line of a loop.
pub(super) fn line(view: &LoopView) -> String {
    let count = view.attempts.len();
    let s = if count == 1 { "" } else { "s" };
    let why = if view.why.is_empty() { String::new() } else { format!(" ({})", view.why) };
    let pull = view.pull.as_ref().map(|url| format!(", {url}")).unwrap_or_default();
    format!(
        "{} {} in {}: {}{why}, {count} attempt{s}, ${:.2}{pull}",
        view.proposal, view.specialist, view.repo, view.state, view.cost
    )
}

/// What a workflow's specialists came to, a line each.
pub(super) fn records((repo, workflow, records): &(Repo, String, Records)) -> Vec<String> {
    let line = |(name, record): (&String, &Record)| {
        format!("{name} in {repo}, {workflow}: {} fixed, {} failed", record.fixed, record.failed)
    };
    records.iter().map(line).collect()
}

/// For each specialist whose agent was at work since then: how often it led to a pull request, how long that took, and what
/// all of it cost.
pub(super) fn by_specialist(loops: &[LoopView], since: Time, only: Option<&[Repo]>) -> Vec<String> {
    let counted = |view: &&LoopView| view.began >= since && only.is_none_or(|only| only.contains(&view.repo));
    let line = |(specialist, figures): (String, LoopFigures)| {
        let LoopFigures { ended, fixed, cost, .. } = figures;
        let median = figures.median_ms.map(|ms| format!(", in {} (median)", Span(ms))).unwrap_or_default();
        format!("agent {specialist}: {fixed} of {ended} loops led to a pull request{median}; ${cost:.2}")
    };
    ports::by_specialist(loops.iter().filter(counted)).into_iter().map(line).collect()
}
