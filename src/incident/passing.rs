//! Runs that move on: new attempts, ends, green at last.

use super::state::Step;
use super::{adopting, automatic, ending, judging, nights, offering, placing, proposal, queueing, runs};
use crate::domain::effect::Order;
use crate::domain::event::{Conclusion, Progress, Scope};
use crate::domain::facts::RunFacts;
use crate::domain::ids::RunId;
use crate::domain::incident::{Incident, RunState};
use crate::domain::journal::Note;
use crate::domain::text::Untrusted;

pub fn progressed(step: &mut Step<'_>, progress: &Progress) {
    let ours = progress.run.is_some_and(|run| step.incident.runs.iter().any(|have| have.run == Some(run)));
    match (ours, progress.scope) {
        (true, Scope::Run) => own_run(step, progress),
        (true, _) => part_of_run(step, progress),
        (false, Scope::Run | Scope::Suite) => supersede(step, progress),
        (false, _) => without_run(step, progress),
    }
    if progress.conclusion.is_some_and(|c| !c.is_green()) {
        adopting::pass_on(step, progress.run);
    }
    settle(step);
}

fn own_run(step: &mut Step<'_>, progress: &Progress) {
    let Some(id) = progress.run else { return };
    meet_attempt(step, id, progress.attempt, progress.conclusion);
    runs::supersede_older(&mut step.incident);
}

/// A job of ours started or passed: its attempt may be news.
fn part_of_run(step: &mut Step<'_>, progress: &Progress) {
    let Some(id) = progress.run else { return };
    let known = step.incident.runs.iter().find(|run| run.run == Some(id)).map_or(0, |run| run.attempt);
    if progress.attempt > known {
        meet_attempt(step, id, progress.attempt, None);
    }
}

/// Applies the forge's facts about a run.
pub fn meet_facts(step: &mut Step<'_>, id: RunId, facts: &RunFacts) {
    if let Some(run) = step.incident.runs.iter_mut().find(|run| run.run == Some(id) && facts.url.is_some())
        && !step.incident.confirmed
    {
        run.url.clone_from(&facts.url);
    }
    step.incident.confirmed = true;
    step.incident.fork |= facts.fork;
    placing::correct(&mut step.incident, id, &facts.head_branch);
    if let Some(branch) = &facts.default_branch {
        step.incident.default_branch.clone_from(branch);
    }
    meet_attempt(step, id, facts.attempt, facts.conclusion);
    runs::supersede_older(&mut step.incident);
    settle(step);
}

fn meet_attempt(step: &mut Step<'_>, id: RunId, attempt: u32, conclusion: Option<Conclusion>) {
    let Some(run) = step.incident.runs.iter_mut().find(|run| run.run == Some(id)) else { return };
    let passed = run.conclusion.is_some_and(Conclusion::is_green);
    if attempt == run.attempt && run.conclusion.is_some() && conclusion.is_some() && !passed {
        proposal::run_ended(step);
    }
    let Some(run) = step.incident.runs.iter_mut().find(|run| run.run == Some(id)) else { return };
    if attempt < run.attempt || (attempt == run.attempt && (passed || conclusion.is_none())) {
        return;
    }
    let newer = attempt > run.attempt;
    let ended = conclusion.is_some() && (newer || run.conclusion != conclusion);
    run.attempt = attempt;
    run.conclusion = conclusion;
    if newer {
        run.logs = 0;
        step.incident.offers.clear();
        if conclusion.is_none_or(|c| !c.is_green()) && step.incident.closed_at.is_none() {
            step.tell(None, Note::RunStarted { attempt });
        }
    }
    if ended {
        proposal::run_ended(step);
        if conclusion.is_some_and(|c| !c.is_green()) {
            offering::ask(step);
        }
    }
}

/// A newer run of the same workflow and branch passed: older ones are superseded.
fn supersede(step: &mut Step<'_>, progress: &Progress) {
    if !progress.conclusion.is_some_and(Conclusion::is_green) {
        return;
    }
    if let Some(nights) = &mut step.incident.nights {
        // Another run of the workflow says nothing of the night.
        if !progress.scheduled {
            return;
        }
        progress.run.into_iter().for_each(|run| nights.passed(run));
    }
    for run in &mut step.incident.runs {
        let lane = run.workflow == progress.workflow && run.branch == progress.branch;
        let newer = match (run.run, progress.run) {
            (Some(old), Some(new)) => new > old,
            // A suite tells of no run, and of one commit.
            (Some(_), None) => false,
            (None, Some(_)) => true,
            (None, None) => run.sha == progress.sha,
        };
        if lane && newer {
            run.superseded = true;
        }
    }
}

/// A check or status of a provider that has no runs: green when all its jobs are.
fn without_run(step: &mut Step<'_>, progress: &Progress) {
    if !progress.conclusion.is_some_and(Conclusion::is_green) || progress.run.is_some() {
        return;
    }
    let lane = |run: &RunState| run.run.is_none() && run.workflow == progress.workflow && run.branch == progress.branch;
    if !step.incident.runs.iter().any(lane) {
        return;
    }
    for job in step.incident.jobs.iter_mut().filter(|job| job.run.is_none()) {
        if Some(&job.name) == progress.job.as_ref() {
            job.conclusion = Conclusion::Success;
        }
    }
    let green = step.incident.jobs.iter().filter(|job| job.run.is_none()).all(|job| job.conclusion.is_green());
    if green {
        for run in step.incident.runs.iter_mut().filter(|run| run.run.is_none()) {
            run.conclusion = Some(Conclusion::Success);
        }
    }
}

/// Resolved when every run is green or superseded.
fn settle(step: &mut Step<'_>) {
    let incident = &mut step.incident;
    nights::settle(incident);
    if incident.closed_at.is_some()
        || queueing::holds(incident)
        || incident.runs.is_empty()
        || !incident.runs.iter().all(RunState::is_settled)
    {
        return;
    }
    let flaked = incident.flaked();
    let retried = incident.runs.iter().any(|run| run.attempt > 1 && !run.superseded);
    let because = match (retried, incident.runs.iter().all(|run| run.superseded)) {
        (_, true) => "a newer run passed".to_owned(),
        (true, _) => format!("attempt {} passed", incident.runs.iter().map(|run| run.attempt).max().unwrap_or(1)),
        _ => "CI passed".to_owned(),
    };
    let ours = incident.runs.iter().any(|run| runs::is_automatic(incident, run.run, run.attempt) && !run.superseded);
    incident.closed_at = Some(step.now);
    incident.offers.clear();
    if ours {
        step.orders.push(Order::Came { passed: true });
    }
    proposal::close(step, "the run is green");
    step.tell(None, Note::Resolved { because });
    if let Some(judged) = step.context.judged.as_ref().filter(|_| step.incident.passed_again()) {
        judging::learn(&mut step.incident, judged);
    }
    if flaked {
        automatic::quarantine(step);
    }
}

/// The pull request was merged or closed: its head is built no more, so what failed on it alone cannot matter.
pub fn pull_ended(step: &mut Step<'_>, number: u64, merged: bool) {
    if step.incident.queue.is_some() {
        return queueing::pull_ended(step, number, merged);
    }
    let incident = &mut step.incident;
    if !incident.pulls.contains(&number) || !is_of_code(incident) {
        return;
    }
    if incident.pulls.iter().any(|pull| *pull != number) {
        return incident.pulls.retain(|pull| *pull != number);
    }
    let how = if merged { "merged" } else { "closed without a merge" };
    gone(step, &format!("PR {number} was {how}"), Note::PullEnded { number, merged });
}

/// Nothing is built there any more. What is being done is finished first.
fn gone(step: &mut Step<'_>, why: &str, note: Note) {
    let incident = &mut step.incident;
    if incident.closed_at.is_some() || incident.proposals.iter().any(ending::is_acting) {
        return;
    }
    ending::put_away(step, why);
    step.tell(None, note);
}

/// About what runs on a branch or a pull request.
fn is_of_code(incident: &Incident) -> bool {
    let other = [Scope::Request, Scope::Alert, Scope::Runner, Scope::Deployment, Scope::Schedule];
    !other.contains(&incident.scope)
}

pub fn branch_gone(step: &mut Step<'_>, branch: &Untrusted) {
    if is_of_code(&step.incident) && step.incident.branch == *branch {
        let why = format!("branch {} was deleted", branch.line(60));
        gone(step, &why, Note::BranchGone { branch: branch.clone() });
    }
}

/// It is open again: what was closed with it comes back if it is still red.
pub fn pull_reopened(step: &mut Step<'_>, number: u64) {
    let red = step.incident.runs.iter().any(|run| !run.is_settled()) || step.incident.scope == Scope::Queue;
    // What a person closed is reopened by a person.
    let with_it = step.incident.gone && step.incident.resolved.is_none();
    if with_it && step.incident.closed_at.is_some() && red && queueing::pull_reopened(step, number) {
        runs::reopen(step, &format!("PR {number} was reopened"));
    }
}
