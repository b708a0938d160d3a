//! Loops of fixing agents, as people and programs look at them.

use super::Engine;
use crate::domain::agent::{AttemptEnd, Usd};
use crate::domain::ids::Repo;
use crate::domain::incident::{Incident, Proposal, ProposalState};
use crate::domain::intent::Wish;
use crate::domain::time::{Span, Time};
use crate::ports::{LoopView, Query, StoreError};
use std::collections::BTreeMap;

/// Incidents that are looked through, the newest: the last hundred loops are kept in sight.
const INCIDENTS_MAX: usize = 2_000;
const LOOPS_MAX: usize = 100;

impl Engine {
    /// Loops at work (`true`), ended (`false`), or both, newest first.
    pub(super) async fn all_loops(&self, active: Option<bool>) -> Result<Vec<LoopView>, StoreError> {
        let found = self.store.incidents(&Query { limit: INCIDENTS_MAX, ..Query::default() }).await?;
        Ok(views(&found, active))
    }
}

pub(super) fn views(incidents: &[Incident], active: Option<bool>) -> Vec<LoopView> {
    let all = incidents.iter().flat_map(|incident| incident.proposals.iter().map(move |own| (incident, own)));
    let loops = all.filter(|(_, own)| matches!(own.wish, Wish::Agent { .. }) && !own.dry_run);
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
        specialist: incident.routed.as_ref().map_or_else(String::new, |routed| routed.specialist.clone()),
        state: state(own).to_owned(),
        why: match &own.state {
            ProposalState::Failed { why } => why.clone(),
            ProposalState::Refused { why } => why.join("; "),
            _ => own.waits_for.clone().unwrap_or_default(),
        },
        cost: cost.dollars(),
        pull: own.made.first().map(|made| made.url.clone()),
        began: own.created_at,
        took_ms: took_ms(own),
        attempts: own.attempts.clone(),
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

/// For each specialist whose agent was at work since then: how often it led to a pull request, how long that took, and what
/// all of it cost.
pub(super) fn by_specialist(loops: &[LoopView], since: Time, only: Option<&[Repo]>) -> Vec<String> {
    let mut all: BTreeMap<&str, Vec<&LoopView>> = BTreeMap::new();
    let counted = |view: &&LoopView| view.began >= since && only.is_none_or(|only| only.contains(&view.repo));
    for view in loops.iter().filter(counted) {
        all.entry(&view.specialist).or_default().push(view);
    }
    let line = |(specialist, loops): (&str, Vec<&LoopView>)| {
        let mut took: Vec<i64> =
            loops.iter().filter(|view| view.state == "success").filter_map(|view| view.took_ms).collect();
        took.sort_unstable();
        let fixed = took.len();
        let median = took.get(fixed / 2).map(|ms| format!(", in {} (median)", Span(*ms))).unwrap_or_default();
        let cost: f64 = loops.iter().map(|view| view.cost).sum();
        format!("agent {specialist}: {fixed} of {} loops led to a pull request{median}; ${cost:.2}", loops.len())
    };
    all.into_iter().map(line).collect()
}
