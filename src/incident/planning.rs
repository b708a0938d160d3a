//! Offers and plans: remedies applied to the gathered facts.

use super::judging::{self, judge};
use super::proposal::{self, Input};
use super::state::Step;
use super::{analysing, attempts, automatic, bisecting, exclusion, looping, offering, passing, runs, undoing};
use crate::domain::event::{Conclusion, Scope, Timer};
use crate::domain::facts::{Facts, JobFacts, Known};
use crate::domain::incident::{Proposal, ProposalState};
use crate::domain::journal::Note;
use crate::domain::plan::{Plan, Planning};
use crate::policy::{self, Verdict};
use crate::remedies::{self, Asked, PlanContext};

/// Looks for a re-run that was requested and not reported.
pub fn look_again(step: &mut Step<'_>) {
    proposal::plan_waiting(step);
    let waits = |p: &Proposal| p.state == ProposalState::Waiting && p.waits_for.is_none();
    if step.incident.proposals.iter().any(waits)
        || step.incident.runs.iter().any(|run| run.conclusion.is_none() && !run.superseded)
    {
        offering::ask(step);
        let at = step.now.plus_ms(proposal::WATCH_MS);
        step.timer(Timer::Watch, at);
    }
}

pub fn head_moved(step: &mut Step<'_>, sha: &str) {
    if !step.incident.on_default_branch() && step.incident.sha != sha && !step.incident.offers.is_empty() {
        offering::ask(step);
    }
}

/// Facts for the card: what one click could do, and what the bot may do automatically.
pub fn offers(step: &mut Step<'_>, facts: &Facts) {
    learn(step, facts);
    if step.incident.is_over() {
        return;
    }
    if !facts.asked.is_empty() && !step.incident.gathering.is_answered_by(&facts.asked) {
        return;
    }
    if are_of_another_run(step, facts) {
        return offering::ask(step);
    }
    if let Some(judged) = &step.context.judged {
        judging::learn(&mut step.incident, judged);
    }
    let mut lookups = Vec::new();
    let mut plans = Vec::new();
    for remedy in remedies::all() {
        let Some(offering) = remedy.offer(&step.incident).filter(|offering| offering.at_once) else { continue };
        let wish = &offering.wish;
        let context = PlanContext {
            incident: &step.incident,
            facts,
            wish,
            proposal: None,
            loops: &step.rules.loops,
            now: step.now,
        };
        match remedy.plan(&context) {
            Planning::Ready(plan) => plans.push(*plan),
            Planning::Needs(more) => lookups.extend(more),
            Planning::Refused(_)
            | Planning::Later(_)
            | Planning::Soon(..)
            | Planning::GaveUp(_)
            | Planning::Found(_) => {}
        }
    }
    let more = !lookups.is_empty() && step.incident.gathering.more(lookups);
    // What is offered already stays until everything is known.
    if !more || step.incident.offers.is_empty() {
        step.incident.offers = offering::rank(&step.incident, &plans);
    }
    if more {
        return offering::gather(step);
    }
    automatic::fix(step);
    automatic::consider(step, facts);
    looping::consider(step);
    analysing::consider(step);
}

/// Applies the forge's facts about the run, its jobs and its commit.
fn learn(step: &mut Step<'_>, facts: &Facts) {
    if let Some(own) = &facts.own_rules {
        step.incident.own_rules = Some(own.clone());
    }
    if let Some(Known::Is(message)) = &facts.commit_message {
        step.incident.commit_message = Some(message.clone());
    }
    let told = facts.pulls.iter().find_map(|(_, pull)| match pull {
        Known::Is(pull) => pull.default_branch.clone(),
        Known::Unavailable(_) => None,
    });
    if let Some(branch) = told.filter(|_| step.incident.scope == Scope::Request) {
        step.incident.default_branch = branch;
    }
    let Some(Known::Is(run)) = &facts.run else { return };
    passing::meet_facts(step, run.id, run);
    if let Some(Known::Is(jobs)) = &facts.jobs {
        learn_jobs(step, run.id, run.attempt, jobs);
    }
}

/// Facts about a run that is no longer the lead run are of no use.
fn are_of_another_run(step: &Step<'_>, facts: &Facts) -> bool {
    let lead = step.incident.lead_run().and_then(|state| state.run);
    matches!((&facts.run, lead), (Some(Known::Is(run)), Some(lead)) if run.id != lead)
}

/// Failed jobs that no event reported, for example after a missed delivery or a bare `workflow_run`.
fn learn_jobs(step: &mut Step<'_>, run: crate::domain::RunId, attempt: u32, jobs: &[JobFacts]) {
    let known = step.incident.runs.iter().find(|state| state.run == Some(run));
    if known.is_none_or(|state| state.attempt != attempt) {
        return;
    }
    let failed = jobs.iter().filter(|job| job.conclusion.is_some_and(Conclusion::is_failure));
    runs::new_attempt(step, run, attempt);
    for job in failed {
        let room = step.incident.jobs.len() < crate::domain::incident::JOBS_KEPT;
        let known = step.incident.jobs.iter_mut().find(|have| {
            have.run == Some(run)
                && have.attempt == attempt
                && (have.id == Some(job.id) || (have.id.is_none() && have.name == job.name))
        });
        match known {
            Some(have) if have.id.is_some() => continue,
            Some(have) => have.id = Some(job.id),
            None if room => {
                step.incident.jobs.push(crate::domain::incident::JobState {
                    run: Some(run),
                    attempt,
                    id: Some(job.id),
                    name: job.name.clone(),
                    step: job.failing_step.clone(),
                    scope: crate::domain::event::Scope::Job,
                    conclusion: job.conclusion.unwrap_or(Conclusion::Failure),
                    url: None,
                    log: None,
                });
                step.incident.failures = step.incident.failures.max(step.incident.jobs.len() as u64);
            }
            None => continue,
        }
        runs::read_log(step, Some(run), attempt, Some(job.id));
    }
}

/// Facts for a proposal, at its planning or again right before it runs.
pub fn planned(step: &mut Step<'_>, n: u32, facts: &Facts) {
    if let Some(proposal) = step.incident.proposal(n).filter(|proposal| undoing::is_asked(proposal)).cloned() {
        return undoing::judged(step, &proposal, facts);
    }
    let Some(proposal) = step.incident.proposal(n).filter(|p| p.state == ProposalState::Planning).cloned() else {
        return;
    };
    learn(step, facts);
    if step.incident.proposal(n).is_none_or(|p| p.state != ProposalState::Planning) {
        return;
    }
    if are_of_another_run(step, facts) {
        return proposal::gather(step, n);
    }
    attempts::learn(step, n, facts);
    let Some(remedy) = remedies::by_id(&proposal.remedy) else {
        return proposal::refuse(step, n, vec![format!("unknown remedy {}", proposal.remedy)]);
    };
    let asked = Some(Asked { id: proposal.id, at: proposal.created_at, by: &proposal.by.name });
    let context = PlanContext {
        incident: &step.incident,
        facts,
        wish: &proposal.wish,
        proposal: asked,
        loops: &step.rules.loops,
        now: step.now,
    };
    match remedy.plan(&context) {
        Planning::Needs(lookups) => proposal::gather_more(step, n, lookups),
        Planning::Refused(why) => proposal::refuse(step, n, why),
        Planning::Later(what) => super::waiting::later(step, n, what),
        Planning::Soon(what, ms) => super::waiting::soon(step, n, what, ms),
        Planning::GaveUp(why) => looping::gave_up(step, n, why),
        Planning::Ready(plan) => ready(step, &proposal, *plan, facts),
        Planning::Found(_) if attempts::is_one(&proposal) => looping::fixed(step, &proposal),
        Planning::Found(found) => bisecting::found(step, &proposal, &found),
    }
}

fn ready(step: &mut Step<'_>, proposal: &Proposal, plan: Plan, facts: &Facts) {
    let n = proposal.id.n;
    let by = proposal.by.key.as_ref().map(|_| &proposal.by);
    let decision = judge(step, &plan, by, proposal.force, facts);
    if proposal.dry_run {
        return proposal::show_plan(step, n, &plan, &decision);
    }
    if let Some(seen) = proposal.seen.as_ref().filter(|seen| **seen != plan.digest && proposal.plan.is_none()) {
        let why = format!("the card you clicked is out of date ({}); check the updated card", seen.short());
        return proposal::refuse(step, n, vec![why]);
    }
    if let Some(why) = exclusion::overlaps(&step.incident, n, &plan) {
        return proposal::refuse(step, n, vec![why]);
    }
    let changed = proposal.plan.as_ref().is_some_and(|old| old.digest != plan.digest);
    // The run may have ended meanwhile: performing asks the forge again.
    let ended = step.incident.lead_run().is_some_and(|run| run.conclusion.is_some());
    let waits = plan.waits && !ended;
    let summary = plan.summary.clone();
    proposal::set_plan(step, n, plan, &decision);
    if changed && proposal.quorum > 0 {
        step.tell(None, Note::PlanChanged { proposal: proposal.id, summary });
    }
    let fresh = step.incident.proposal(n).cloned();
    let enough = fresh.as_ref().is_some_and(|p| policy::quorum_met(step.rules, p, step.now));
    match decision.verdict {
        Verdict::Deny => proposal::refuse(step, n, decision.words()),
        Verdict::Approvals(_) if !enough => proposal::advance(step, n, &Input::NeedsApproval),
        _ if waits => proposal::advance(step, n, &Input::MustWait),
        _ if exclusion::acting(&step.incident, Some(n)).is_some() => {
            let other = exclusion::acting(&step.incident, Some(n)).map(|other| other.id.to_string());
            super::waiting::later(step, n, format!("{} must finish first", other.unwrap_or_default()));
        }
        _ => proposal::advance(step, n, &Input::Go),
    }
}
