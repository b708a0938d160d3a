//! Undoing takes what the act took: write permission, read now, and as many approvals.

use super::judging::{blank, judge_undo};
use super::proposal::{self, Input};
use super::state::Step;
use super::{deadline, exclusion};
use crate::domain::effect::{Effect, Lookup};
use crate::domain::event::Request;
use crate::domain::facts::Facts;
use crate::domain::ids::ProposalId;
use crate::domain::incident::{Approval, Proposal, ProposalState, Proposer, ReplyTo, UndoRequest};
use crate::domain::journal::Note;
use crate::domain::time::{MINUTE_MS, Time};
use crate::policy::{self, Verdict};

/// A wish to undo; whether it may be is known when the permissions are.
pub fn ask(step: &mut Step<'_>, request: &Request, n: u32) {
    let by = Proposer {
        key: Some(request.by.key.clone()),
        name: request.by.name.clone(),
        role: request.by.role,
        github: request.by.github.clone(),
    };
    // A button is answered by its card.
    let reply = ReplyTo { place: request.place.clone(), actor_id: request.actor_id.clone() };
    let reply = request.seen.is_none().then_some(reply);
    let wish = UndoRequest { by, at: step.now, approvals: Vec::new(), reply, expires_at: None };
    if let Some(proposal) = get(step, n) {
        proposal.undo = Some(wish);
    }
    gather(step, n);
}

/// Whether somebody wants it undone.
pub fn is_asked(proposal: &Proposal) -> bool {
    proposal.state == ProposalState::Done && proposal.undo.is_some()
}

fn expires(step: &Step<'_>, at: Time) -> Time {
    at.plus_ms(i64::from(step.rules.approval_expires_minutes) * MINUTE_MS)
}

/// An approval; goes on when they suffice.
pub fn approve(step: &mut Step<'_>, n: u32, approval: Approval) {
    let Some(undo) = get(step, n).and_then(|proposal| proposal.undo.as_mut()) else { return };
    undo.approvals.push(approval);
    let Some(wanted) = step.incident.proposal(n).and_then(Proposal::as_undo) else { return };
    if policy::quorum_met(step.rules, &wanted, step.now) {
        gather(step, n);
    }
}

fn gather(step: &mut Step<'_>, n: u32) {
    let Some(wanted) = step.incident.proposal(n).and_then(Proposal::as_undo) else { return };
    let approvers = wanted.approvals.iter().map(|approval| &approval.github);
    let mut logins: Vec<String> = std::iter::once(&wanted.by.github).chain(approvers).flatten().cloned().collect();
    logins.sort_unstable();
    logins.dedup();
    let repo = &step.incident.repo;
    let needed = logins.into_iter().filter(|_| policy::changes_code(&wanted));
    let lookups = needed.map(|login| Lookup::MayWrite { repo: repo.clone(), login }).collect();
    step.effect(Effect::Gather { incident: step.incident.no, proposal: Some(n), lookups });
}

/// The permissions are known: refuses, asks for approvals, or undoes.
pub fn judged(step: &mut Step<'_>, proposal: &Proposal, facts: &Facts) {
    let (Some(wanted), Some(undo)) = (proposal.as_undo(), &proposal.undo) else { return };
    let n = proposal.id.n;
    // Somebody approved after these were asked for.
    let known = |approval: &Approval| approval.github.as_ref().is_none_or(|login| facts.writers.contains_key(login));
    if policy::changes_code(proposal) && !wanted.approvals.iter().all(known) {
        return gather(step, n);
    }
    let decision = judge_undo(step, proposal.plan.as_ref().unwrap_or(&blank(&proposal.remedy)), &undo.by, facts);
    if decision.verdict == Verdict::Deny {
        forget(step, n);
        return tell(step, undo, Note::Refused { what: "undo".into(), why: decision.words() });
    }
    if !policy::quorum_met(step.rules, &wanted, step.now) {
        let expires_at = expires(step, undo.at);
        if let Some(undo) = get(step, n).and_then(|proposal| proposal.undo.as_mut()) {
            undo.expires_at = Some(expires_at);
        }
        deadline::watch(step);
        let summary = proposal.plan.as_ref().map(|plan| plan.summary.line(160)).unwrap_or_default();
        let note = Note::AwaitingApproval {
            proposal: proposal.id,
            summary: format!("undo of: {summary}").into(),
            quorum: proposal.quorum,
            expires_at,
            because: Vec::new(),
        };
        return tell(step, undo, note);
    }
    forget(step, n);
    if let Some(other) = exclusion::acting(&step.incident, Some(n)) {
        let why = format!("{} {}; try again when it is done", other.id, other.state.clause());
        return tell(step, undo, Note::Refused { what: "undo".into(), why: vec![why] });
    }
    let by = undo.by.name.clone();
    let words = by.line(60);
    tell(step, undo, Note::Undoing { proposal: proposal.id, by });
    proposal::advance(step, n, &Input::Undo(words));
}

/// Nobody approved it in time.
pub fn expire(step: &mut Step<'_>) {
    let over =
        |p: &&Proposal| p.awaits_undo() && p.awaited().and_then(|p| p.expires_at).is_some_and(|at| at <= step.now);
    let due: Vec<ProposalId> = step.incident.proposals.iter().filter(over).map(|p| p.id).collect();
    for id in due {
        forget(step, id.n);
        step.tell(None, Note::Expired { proposal: id, undo: true });
    }
    deadline::watch(step);
}

/// It will not be undone now.
pub fn forget(step: &mut Step<'_>, n: u32) {
    if let Some(proposal) = get(step, n) {
        proposal.undo = None;
    }
}

fn tell(step: &mut Step<'_>, undo: &UndoRequest, note: Note) {
    step.tell(undo.by.key.clone(), note.clone());
    if let Some(to) = undo.reply.clone() {
        step.effect(Effect::Reply { place: to.place, actor_id: to.actor_id, note });
    }
}

fn get<'s>(step: &'s mut Step<'_>, n: u32) -> Option<&'s mut Proposal> {
    step.incident.proposals.iter_mut().find(|proposal| proposal.id.n == n)
}
