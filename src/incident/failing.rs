//! Failures that arrive: opening, joining, storms.

use super::state::Step;
use super::{adopting, deployments, nights, offering, placing, queueing, runners, runs};
use crate::domain::event::{Conclusion, Event, Failure, Scope};
use crate::domain::evidence::Severity;
use crate::domain::gathering::Gathering;
use crate::domain::ids::{IncidentNo, Repo, RunId};
use crate::domain::incident::{Incident, JOBS_KEPT, JobState, RUNS_KEPT, RunState, Stage};
use crate::domain::journal::Note;
use crate::domain::mention::Held;
use crate::domain::queue::Queue;
use crate::domain::schedule::Nights;
use crate::domain::sharing::Shared;
use crate::domain::text::Untrusted;
use crate::domain::time::Time;

/// An incident before its first failure is taken in. Version 0: nothing is stored yet.
pub fn blank(no: IncidentNo, failure: &Failure, now: Time) -> Incident {
    let ran = !matches!(failure.scope, Scope::Runner | Scope::Deployment);
    let mut incident = Incident {
        no,
        version: 0,
        repo: failure.repo.clone(),
        default_branch: failure.default_branch.clone(),
        branch: failure.branch.clone(),
        sha: failure.sha.clone(),
        workflow: failure.workflow.clone(),
        scope: failure.scope,
        pulls: failure.pulls.clone(),
        sender: failure.sender.clone(),
        sender_is_bot: failure.sender_is_bot,
        fork: failure.fork,
        confirmed: failure.confirmed,
        commit_message: failure.commit_message.clone(),
        stage: Stage::Open,
        severity: Severity::Normal,
        severity_because: Vec::new(),
        opened_at: now,
        updated_at: now,
        failed_at: now,
        closed_at: None,
        runs: Vec::new(),
        jobs: Vec::new(),
        failures: 0,
        storm: false,
        evidence: Vec::new(),
        log_missing: None,
        reported: None,
        base: None,
        adopted_by: None,
        adopted: Vec::new(),
        offers: Vec::new(),
        routed: None,
        analysis: None,
        analysed: None,
        outage: None,
        judged: None,
        first_told: None,
        first_estimated: None,
        named_at: None,
        proposals: Vec::new(),
        proposed: 0,
        scheduled: None,
        entries: 0,
        repro: None,
        reproduction: None,
        shared: Shared::default(),
        suspecting: None,
        suspicion: None,
        owners: None,
        authors: None,
        blamed: None,
        mention_due: None,
        mentioned_at: None,
        mention_held: Held::default(),
        owners_asked: false,
        pull_asked: false,
        gathering: Gathering::default(),
        escalated_at: None,
        escalations: Vec::new(),
        escalate_due: None,
        mention_again: false,
        declined: None,
        reopened_at: None,
        taken: None,
        snoozed: None,
        resolved: None,
        protected: None,
        runner: None,
        deployment: None,
        queue: Queue::of_branch(&failure.branch, now).filter(|_| ran),
        nights: failure.run.filter(|_| failure.scheduled && ran).map(|_| Nights::default()),
        missed: None,
        gone: false,
        auto_retries: 0,
        auto_attempts: 0,
        own_rules: None,
    };
    match failure.scope {
        Scope::Runner => runners::about(&mut incident, failure),
        Scope::Deployment => deployments::about(&mut incident, failure),
        _ => {}
    }
    incident
}

/// A record for a request on a pull request: no run failed.
pub fn request(no: IncidentNo, repo: &Repo, pull: u64, now: Time) -> Incident {
    let failure = Failure {
        repo: repo.clone(),
        default_branch: "main".into(),
        scope: Scope::Request,
        run: None,
        attempt: 0,
        workflow: "request".into(),
        job: None,
        job_id: None,
        step: None,
        branch: Untrusted::default(),
        sha: String::new(),
        conclusion: Conclusion::Neutral,
        duration_ms: None,
        url: None,
        pulls: vec![pull],
        sender: Untrusted::default(),
        sender_is_bot: false,
        fork: false,
        looked: true,
        scheduled: false,
        commit_message: None,
        labels: Vec::new(),
        confirmed: true,
    };
    blank(no, &failure, now)
}

/// A record for a pull request of whose runs nothing was heard.
pub fn thrown_out(no: IncidentNo, event: &Event, now: Time) -> Option<Incident> {
    let Event::Dequeued { repo, sha, number, out } = event else { return None };
    let mut incident = request(no, repo, (*number)?, now);
    incident.scope = Scope::Queue;
    incident.workflow = "merge queue".into();
    incident.branch = out.onto.clone();
    if !out.default_branch.is_empty() {
        incident.default_branch.clone_from(&out.default_branch);
    }
    incident.sha = Some(sha).filter(|sha| !sha.is_empty()).or(out.head.as_ref()).cloned().unwrap_or_default();
    incident.sender = out.author.clone().unwrap_or_default();
    incident.queue = Some(Queue { onto: out.onto.clone(), at: now, ..Queue::default() });
    Some(incident)
}

pub fn failed(step: &mut Step<'_>, failure: &Failure) {
    let first = step.incident.runs.is_empty();
    let named = |run: &RunState| run.run.is_some() && run.sha == failure.sha;
    if failure.scope == Scope::Suite && step.incident.runs.iter().any(named) {
        return step.record(Note::Ignored { why: "the suite repeats failures that its runs already reported".into() });
    }
    let known = step.incident.jobs.iter().any(|job| failure.job_id.is_some() && job.id == failure.job_id);
    if failure.conclusion == Conclusion::Stuck && known {
        return step.record(Note::Ignored { why: "the job has already run".into() });
    }
    if !nights::meets(step, failure) {
        return;
    }
    let first = first && step.incident.queue.as_ref().is_none_or(|queue| queue.entries.is_empty());
    let news = match meet_run(step, failure) {
        Ok(news) => news,
        Err(why) => return step.record(Note::Ignored { why }),
    };
    nights::sort(&mut step.incident);
    complete(&mut step.incident, failure);
    queueing::failed(step, failure);
    let added = meet_job(step, failure);
    if failure.conclusion == Conclusion::TimedOut {
        runs::timed_out(&mut step.incident, failure.run, failure.attempt);
    }
    step.incident.failed_at = step.now;
    if first {
        step.record(Note::Opened { job: job_name(failure), conclusion: failure.conclusion.as_str().into() });
    } else if added {
        joined(step, failure);
    }
    if step.incident.closed_at.is_some() && news && !queueing::is_past(&step.incident) {
        runs::reopen(step, "it failed again");
    }
    if added {
        runs::read_log(step, failure.run, failure.attempt, failure.job_id);
    }
    if news {
        adopting::pass_on(step, failure.run);
    }
    if failure.job.is_none() || failure.job_id.is_none() || !failure.confirmed {
        offering::ask(step);
    }
}

fn job_name(failure: &Failure) -> Untrusted {
    failure.job.clone().unwrap_or_else(|| failure.workflow.clone())
}

/// Later events know more: a suite that came first learns its run's names, an unconfirmed run is confirmed.
fn complete(incident: &mut Incident, failure: &Failure) {
    if failure.confirmed && !incident.confirmed {
        // The forge knows its own addresses.
        incident.runs.iter_mut().filter(|run| run.run == failure.run).for_each(|run| run.url.clone_from(&failure.url));
    }
    incident.confirmed |= failure.confirmed;
    incident.fork |= failure.fork;
    if let Some(run) = failure.run {
        placing::correct(incident, run, &failure.branch);
        name_workflow(incident, run, failure);
    }
    for pull in &failure.pulls {
        if !incident.pulls.contains(pull) {
            incident.pulls.push(*pull);
        }
    }
    if incident.commit_message.is_none() {
        incident.commit_message.clone_from(&failure.commit_message);
    }
    queueing::is_completed_by(incident, failure);
    if incident.scope == Scope::Suite && failure.scope != Scope::Suite {
        incident.scope = failure.scope;
        incident.workflow = failure.workflow.clone();
        incident.runs.retain(|run| run.run.is_some());
    }
}

/// A check names its App where a job or a run names the workflow.
fn name_workflow(incident: &mut Incident, run: RunId, failure: &Failure) {
    if !matches!(failure.scope, Scope::Job | Scope::Run) {
        return;
    }
    for state in incident.runs.iter_mut().filter(|state| state.run == Some(run)) {
        state.workflow.clone_from(&failure.workflow);
    }
    if incident.runs.iter().all(|state| state.run == Some(run)) {
        incident.workflow.clone_from(&failure.workflow);
    }
}

/// Updates the run to its newest attempt; returns whether that is news. A failure of an older attempt changes nothing.
fn meet_run(step: &mut Step<'_>, failure: &Failure) -> Result<bool, String> {
    let whole = matches!(failure.scope, Scope::Run | Scope::Suite | Scope::Alert);
    let conclusion = whole.then_some(failure.conclusion);
    let same = |run: &&mut RunState| match failure.run {
        Some(id) => run.run == Some(id),
        None => run.run.is_none() && run.workflow == failure.workflow && run.branch == failure.branch,
    };
    let Some(run) = step.incident.runs.iter_mut().find(same) else {
        let incident = &mut step.incident;
        incident.runs.push(RunState {
            run: failure.run,
            attempt: failure.attempt,
            workflow: failure.workflow.clone(),
            branch: failure.branch.clone(),
            sha: failure.sha.clone(),
            url: failure.url.clone(),
            failed_attempt: failure.attempt,
            conclusion,
            superseded: false,
            logs: 0,
            timed_out: Vec::new(),
            from: None,
        });
        if incident.runs.len() > RUNS_KEPT {
            incident.runs.remove(0);
        }
        return Ok(true);
    };
    let passed = run.conclusion.is_some_and(Conclusion::is_green);
    if failure.attempt < run.attempt || (failure.attempt == run.attempt && passed && failure.run.is_some()) {
        return Err(format!("it reports attempt {}, and attempt {} is already known", failure.attempt, run.attempt));
    }
    // The attempt's start may be known already; its failure is still news.
    let newer = failure.attempt > run.failed_attempt;
    run.failed_attempt = run.failed_attempt.max(failure.attempt);
    // A provider without runs says "failing" again for a new commit.
    let again = failure.run.is_none() && (run.sha != failure.sha || run.is_settled());
    if newer || again {
        run.attempt = failure.attempt;
        run.sha.clone_from(&failure.sha);
        run.conclusion = conclusion;
        run.superseded = false;
        run.logs = 0;
        let id = run.run;
        step.incident.jobs.retain(|job| job.run != id);
        step.incident.offers.clear();
        // An earlier attempt's log must not judge this one.
        step.incident.evidence.clear();
        step.incident.log_missing = None;
    } else if whole {
        run.conclusion = conclusion;
    }
    if newer {
        runs::failed_again(step, failure.run, failure.attempt);
        step.tell(None, Note::AttemptFailed { attempt: failure.attempt });
    }
    Ok(newer || again)
}

/// Whether the job was not known yet.
fn meet_job(step: &mut Step<'_>, failure: &Failure) -> bool {
    let incident = &mut step.incident;
    let Some(name) = &failure.job else {
        incident.failures += u64::from(incident.jobs.is_empty() && incident.failures == 0);
        return false;
    };
    let same = |job: &JobState| {
        job.run == failure.run
            && job.attempt == failure.attempt
            && (job.name == *name && (job.id.is_none() || failure.job_id.is_none() || job.id == failure.job_id))
    };
    if let Some(job) = incident.jobs.iter_mut().find(|job| same(job)) {
        job.conclusion = failure.conclusion;
        job.id = job.id.or(failure.job_id);
        if job.step.is_none() {
            job.step.clone_from(&failure.step);
        }
        return false;
    }
    incident.failures += 1;
    if incident.jobs.len() < JOBS_KEPT {
        incident.jobs.push(JobState {
            run: failure.run,
            attempt: failure.attempt,
            id: failure.job_id,
            name: name.clone(),
            step: failure.step.clone(),
            scope: failure.scope,
            conclusion: failure.conclusion,
            // A hook knows the run's page alone.
            url: failure.url.clone().filter(|_| failure.confirmed),
            log: None,
        });
    }
    true
}

fn joined(step: &mut Step<'_>, failure: &Failure) {
    let count = step.incident.failures;
    let storm = count >= u64::from(step.rules.storm_jobs);
    if storm && !step.incident.storm {
        step.incident.storm = true;
        step.tell(None, Note::Storm { count });
    } else {
        step.record(Note::Joined { job: job_name(failure), count });
    }
}
