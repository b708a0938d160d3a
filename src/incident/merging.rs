//! Pull requests of ours that the bot merges itself: by the operator's grant, once green, and never past a changed head.

use super::judging::judge_merge;
use super::landing;
use super::state::Step;
use crate::domain::action::Action;
use crate::domain::effect::Effect;
use crate::domain::event::{Merging, Timer};
use crate::domain::incident::{Proposal, ProposalState};
use crate::domain::journal::Note;
use crate::domain::text::Untrusted;
use crate::domain::time::{DAY_MS, MINUTE_MS};
use crate::policy::{Decision, Verdict};

/// How often to look, and for how long.
const LOOK_MS: i64 = 5 * MINUTE_MS;
const LONGEST_MS: i64 = DAY_MS;

/// Its pull request is open: where the operator lets the bot merge it, watch its CI.
pub fn begin(step: &mut Step<'_>, n: u32) {
    let now = step.now;
    let Some(plan) = step.incident.proposal(n).and_then(|proposal| proposal.plan.clone()) else { return };
    if !plan.steps.iter().any(|step| matches!(step.action, Action::Pull { draft: false, .. })) {
        return;
    }
    let decision = judge_merge(step, &plan);
    if decision.verdict != Verdict::Allow && !passes(&decision) {
        // Whoever grants nothing expects nothing.
        if decision.meets("mode") && decision.meets("granted") && decision.meets("exact") {
            end(step, n, &decision.words().join("; "));
        }
        return;
    }
    if let Some(proposal) = step.incident.proposals.iter_mut().find(|proposal| proposal.id.n == n) {
        proposal.merging = Some(now);
        step.timer(Timer::Merge, now.plus_ms(LOOK_MS));
    }
}

/// Whether only that forbids it which may be over soon.
fn passes(decision: &Decision) -> bool {
    let soon = |rule: &str| matches!(rule, "hold" | "breaker" | "daily");
    decision.because.of.iter().all(|reason| reason.met || soon(&reason.rule))
}

pub fn look(step: &mut Step<'_>) {
    let now = step.now;
    // Not while it is being undone.
    let stands = |p: &&Proposal| p.merging.is_some() && p.state == ProposalState::Done;
    let due: Vec<Proposal> = step.incident.proposals.iter().filter(stands).cloned().collect();
    for proposal in due {
        let since = proposal.merging.unwrap_or(now);
        if now.ms_since(since) > LONGEST_MS {
            end(step, proposal.id.n, "its CI did not turn green within a day");
            continue;
        }
        let decision = proposal.plan.as_ref().map(|plan| judge_merge(step, plan));
        let Some(decision) = decision else { continue };
        if decision.verdict != Verdict::Allow {
            // The emergency stop and the breaker are lifted; a day's limit is not, for what was asked for that day.
            if passes(&decision) && decision.meets("daily") {
                step.timer(Timer::Merge, now.plus_ms(LOOK_MS));
            } else {
                end(step, proposal.id.n, &decision.words().join("; "));
            }
            continue;
        }
        let branch = proposal.plan.iter().flat_map(|plan| &plan.steps).find_map(|step| match &step.action {
            Action::Branch { branch, tree, .. } => Some((branch.clone(), tree.clone())),
            _ => None,
        });
        if let Some((branch, tree)) = branch {
            let (incident, repo) = (step.incident.no, step.incident.repo.clone());
            step.effect(Effect::Merge { incident, proposal: proposal.id.n, repo, branch, tree });
        }
    }
}

pub fn looked(step: &mut Step<'_>, n: u32, outcome: &Merging) {
    let Some(proposal) = step.incident.proposals.iter_mut().find(|p| p.id.n == n && p.merging.is_some()) else {
        return;
    };
    let id = proposal.id;
    match outcome {
        Merging::Merged => {
            proposal.merging = None;
            let mut branches = proposal.plan.iter().flat_map(|plan| &plan.steps);
            let branch = branches.find_map(|step| match &step.action {
                Action::Branch { branch, .. } => Some(branch.as_str().to_owned()),
                _ => None,
            });
            step.tell(None, Note::Merged { proposal: id });
            // Where no webhook tells of it.
            if let Some(branch) = branch {
                landing::ended(step, &branch, true);
            }
        }
        Merging::NotYet(_) => {
            let at = step.now.plus_ms(LOOK_MS);
            step.timer(Timer::Merge, at);
        }
        Merging::Never(why) => end(step, n, why),
    }
}

fn end(step: &mut Step<'_>, n: u32, why: &str) {
    let Some(proposal) = step.incident.proposals.iter_mut().find(|proposal| proposal.id.n == n) else { return };
    proposal.merging = None;
    let id = proposal.id;
    step.tell(None, Note::NotMerged { proposal: id, why: why.to_owned() });
}

/// A person approved our pull request.
pub fn reviewed(step: &mut Step<'_>, number: u64, branch: &str, by: &Untrusted) {
    let made = |p: &&Proposal| {
        let steps = p.plan.iter().flat_map(|plan| &plan.steps);
        steps
            .map(|step| &step.action)
            .any(|a| matches!(a, Action::Branch { branch: ours, .. } if ours.as_str() == branch))
    };
    let Some(proposal) = step.incident.proposals.iter().find(made).map(|proposal| proposal.id) else { return };
    step.tell(None, Note::Reviewed { proposal, number, by: by.clone() });
}
