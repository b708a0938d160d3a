//! Deployments that wait for approval: one incident for a run, until nothing of it waits. A person decides, never the bot.

use super::state::Step;
use crate::domain::actor::Role;
use crate::domain::deployment::{Environment, PendingFacts, ReviewOutcome, Reviewing, RunAt, STARTED, Waiting};
use crate::domain::effect::{Effect, Lookup};
use crate::domain::event::{Failure, Request, Timer};
use crate::domain::facts::{Facts, Known};
use crate::domain::ids::Digest;
use crate::domain::incident::{Incident, ReplyTo};
use crate::domain::journal::Note;
use crate::domain::rules::Mode;
use crate::domain::text::{Untrusted, clean_line};
use crate::domain::time::{HOUR_MS, MINUTE_MS, Time};

/// How often the forge is asked although it told of nothing.
const LOOK_MS: i64 = 30 * MINUTE_MS;
const NAME: usize = 60;
const WORDS: usize = 300;

/// An incident before anything is known but that a run waits.
pub fn about(incident: &mut Incident, failure: &Failure) {
    let Some(run) = failure.run else { return };
    incident.deployment = Some(Waiting {
        run,
        url: failure.url.clone(),
        environments: Vec::new(),
        names: failure.job.iter().cloned().collect(),
        starters: Vec::new(),
        rerun_by: Vec::new(),
        at: RunAt { sha: failure.sha.clone(), attempt: failure.attempt },
        since: incident.opened_at,
        reminded: false,
        unknown: None,
        reviewing: None,
        outcome: None,
    });
}

/// The forge tells that the run waits: for the first time, or for another environment.
pub fn asked(step: &mut Step<'_>, failure: &Failure) {
    let first = step.incident.entries == 0;
    step.incident.failed_at = step.now;
    for pull in &failure.pulls {
        if !step.incident.pulls.contains(pull) {
            step.incident.pulls.push(*pull);
        }
    }
    let Some(waiting) = &mut step.incident.deployment else { return };
    let fresh = failure.job.as_ref().filter(|name| !waiting.names.contains(name));
    waiting.names.extend(fresh.cloned());
    if first {
        let to = waiting.names.clone();
        step.record(Note::DeploymentWaits { environments: to, reviewers: String::new(), hours: 0 });
        again(step);
    }
    look(step);
}

/// Asks the forge what still waits.
pub fn look(step: &mut Step<'_>) {
    let (incident, repo) = (step.incident.no, step.incident.repo.clone());
    let Some(waiting) = step.incident.deployment.as_ref().filter(|waiting| waiting.is_waiting()) else { return };
    let lookups = vec![Lookup::Pending { repo, run: waiting.run }];
    step.effect(Effect::Gather { incident, proposal: None, lookups });
}

/// When to look again by itself: at the reminder, and every half hour for what no webhook tells.
fn again(step: &mut Step<'_>) {
    let now = step.now;
    let Some(waiting) = &step.incident.deployment else { return };
    let soon = now.plus_ms(LOOK_MS);
    let remind = reminder(step.rules.deployment_reminder_hours, waiting).filter(|at| *at > now);
    step.timer(Timer::Review, remind.map_or(soon, |at| at.min(soon)));
}

/// When to remind, unless that was done.
fn reminder(hours: u32, waiting: &Waiting) -> Option<Time> {
    (hours > 0 && !waiting.reminded).then(|| waiting.since.plus_ms(i64::from(hours) * HOUR_MS))
}

pub fn due(step: &mut Step<'_>) {
    let (now, hours) = (step.now, step.rules.deployment_reminder_hours);
    let open = step.incident.closed_at.is_none();
    let Some(waiting) = step.incident.deployment.as_mut().filter(|waiting| open && waiting.is_waiting()) else {
        return;
    };
    if reminder(hours, waiting).is_some_and(|at| at <= now) {
        waiting.reminded = true;
        let (environments, reviewers) = (waiting.names.clone(), waiting.reviewers());
        step.tell(None, Note::DeploymentWaits { environments, reviewers, hours: u64::from(hours) });
    }
    look(step);
    again(step);
}

/// Facts that hold nothing but deployments.
pub fn told(facts: &Facts) -> bool {
    facts.pending.is_some() && facts.run.is_none()
}

pub fn learn(step: &mut Step<'_>, facts: &Facts) {
    let now = step.now;
    let open = step.incident.closed_at.is_none();
    let Some(waiting) = step.incident.deployment.as_mut().filter(|waiting| open && waiting.is_waiting()) else {
        return;
    };
    let found = match &facts.pending {
        Some(Known::Is(found)) => found,
        Some(Known::Unavailable(why)) => return waiting.unknown = Some(clean_line(why, WORDS)),
        None => return,
    };
    waiting.unknown = None;
    waiting.starters.clone_from(&found.starters);
    waiting.rerun_by.clone_from(&found.rerun_by);
    waiting.at.clone_from(&found.at);
    if found.environments.is_empty() {
        // Handed in and not answered yet: its own answer says what came of it.
        if waiting.reviewing.is_none() {
            over(step, found);
        }
        return;
    }
    let ids = |all: &[Environment]| all.iter().map(|one| one.id).collect::<Vec<_>>();
    if !waiting.environments.is_empty() && ids(&waiting.environments) != ids(&found.environments) {
        (waiting.since, waiting.reminded) = (now, false);
    }
    waiting.environments.clone_from(&found.environments);
    waiting.names = found.environments.iter().map(|one| one.name.clone()).collect();
}

/// Nothing waits any more: somebody decided elsewhere, or the run ended.
fn over(step: &mut Step<'_>, found: &PendingFacts) {
    let Some(waiting) = &step.incident.deployment else { return };
    let ids: Vec<u64> = waiting.environments.iter().map(|one| one.id).collect();
    let of_these = |ours: &[u64]| ids.is_empty() || ours.iter().any(|id| ids.contains(id));
    let last = found.reviews.iter().rev().find(|review| of_these(&review.environments));
    if let Some(review) = last {
        let note = Note::DeploymentReviewed {
            by: review.by.clone(),
            approved: review.approved,
            environments: waiting.names.clone(),
            reason: None,
            elsewhere: true,
        };
        let outcome = outcome(review.approved, &review.by);
        step.tell(None, note);
        return close(step, outcome);
    }
    let because = match found.ended {
        Some(ended) => format!("the run ended as {}", ended.as_str().replace('_', " ")),
        None => "the run no longer waits for approval".to_owned(),
    };
    step.tell(None, Note::Resolved { because: because.clone() });
    close(step, because);
}

fn outcome(approved: bool, by: &Untrusted) -> String {
    format!("{} by {}", if approved { "approved" } else { "rejected" }, by.line(NAME))
}

fn close(step: &mut Step<'_>, outcome: String) {
    step.incident.closed_at = Some(step.now);
    // Nothing passed or failed.
    step.incident.gone = true;
    if let Some(waiting) = &mut step.incident.deployment {
        waiting.environments.clear();
        waiting.outcome = Some(outcome);
    }
}

const NO_ACCOUNT: &str = "a deployment is reviewed by a GitHub account, and you have none linked: ask an admin to add `github` to your [[people]] entry";

/// A person approves or rejects. Whether they may is asked again of the forge before anything is written.
///
/// # Errors
/// A sentence for the person.
pub fn decide(step: &mut Step<'_>, request: &Request, approve: bool, reason: Option<&Untrusted>) -> Result<(), String> {
    let by = &request.by;
    let closed = step.incident.closed_at.is_some();
    let Some(waiting) = step.incident.deployment.as_ref().filter(|one| !closed && one.is_waiting()) else {
        return Err("the deployment is no longer waiting".into());
    };
    if by.role < Role::Approver {
        return Err(format!("reviewing a deployment needs the approver role; yours is {}", by.role));
    }
    if step.rules.mode == Mode::Observe {
        return Err("policy.mode is observe: cards only".into());
    }
    if step.rules.dry_run {
        return Err("policy.dry_run is on: nothing is written".into());
    }
    let Some(login) = by.github.clone() else { return Err(NO_ACCOUNT.into()) };
    if let Some(reviewing) = &waiting.reviewing {
        return Err(format!("{} is reviewing it just now", reviewing.by.line(NAME)));
    }
    if waiting.environments.is_empty() {
        let why = waiting.unknown.clone().unwrap_or_else(|| "GitHub has not been asked yet; try again".into());
        return Err(format!("who may approve it is not known: {why}"));
    }
    if request.seen.as_ref().is_some_and(|seen| *seen != waiting.digest()) {
        return Err("the card you clicked is out of date; check the updated card".into());
    }
    may_review(&login, &by.key, waiting)?;
    let digest = Some(waiting.digest());
    let environments: Vec<u64> = waiting.environments.iter().map(|one| one.id).collect();
    let run = waiting.run;
    let verb = if approve { "Approved" } else { "Rejected" };
    let why = reason.map_or_else(String::new, |why| format!(": {}", why.line(WORDS)));
    let said =
        format!("{verb} by {} ({login}) with CI Rescue, incident {}{why}", by.name.line(NAME), step.incident.no.0);
    let reviewing = Reviewing {
        by: by.name.clone(),
        key: by.key.clone(),
        approve,
        reason: reason.cloned(),
        reply: ReplyTo { place: request.place.clone(), actor_id: request.actor_id.clone() },
        by_words: request.seen.is_none(),
        environments: waiting.environments.clone(),
    };
    if let Some(waiting) = &mut step.incident.deployment {
        waiting.reviewing = Some(reviewing);
    }
    let (incident, repo) = (step.incident.no, step.incident.repo.clone());
    let id = Digest::of([request.id.as_bytes()]);
    let key = by.key.clone();
    step.effect(Effect::HandIn { incident, repo, run, environments, approve, login, key, digest, said, id });
    Ok(())
}

/// What can be told without asking the forge; who is in a team cannot.
fn may_review(login: &str, key: &str, waiting: &Waiting) -> Result<(), String> {
    if waiting.is_starter(login) || waiting.rerun_by.iter().any(|by| by == key) {
        return Err(STARTED.into());
    }
    for one in &waiting.environments {
        let name = one.name.line(NAME);
        if !one.ours {
            return Err(format!(
                "GitHub takes no review of {name} from CI Rescue's own account; review it on GitHub, or make that account a required reviewer"
            ));
        }
        if !one.has_user(login) && one.teams.is_empty() {
            return Err(format!("{login} is not a required reviewer of {name}: {}", waiting.reviewers()));
        }
    }
    Ok(())
}

fn names(environments: &[Environment]) -> Vec<Untrusted> {
    environments.iter().map(|one| one.name.clone()).collect()
}

/// Takes out what was reviewed. Whether others began to wait meanwhile.
fn leave(step: &mut Step<'_>, reviewed: &[Environment]) -> bool {
    let Some(waiting) = &mut step.incident.deployment else { return false };
    let names = names(reviewed);
    waiting.environments.retain(|one| reviewed.iter().all(|done| done.id != one.id));
    let others = waiting.names.iter().any(|name| !names.contains(name));
    if others {
        waiting.names.retain(|name| !names.contains(name));
    }
    others
}

/// What came of handing in the review.
pub fn reviewed(step: &mut Step<'_>, outcome_of: &ReviewOutcome) {
    let Some(waiting) = &mut step.incident.deployment else { return };
    let Some(reviewing) = waiting.reviewing.take() else { return };
    let (place, actor_id) = (reviewing.reply.place.clone(), reviewing.reply.actor_id.clone());
    match outcome_of {
        ReviewOutcome::Done => {
            let note = Note::DeploymentReviewed {
                by: reviewing.by.clone(),
                approved: reviewing.approve,
                environments: names(&reviewing.environments),
                reason: reviewing.reason.clone(),
                elsewhere: false,
            };
            if reviewing.by_words {
                step.effect(Effect::Reply { place, actor_id, note: note.clone() });
            }
            step.tell(Some(reviewing.key), note);
            if leave(step, &reviewing.environments) {
                look(step);
            } else {
                close(step, outcome(reviewing.approve, &reviewing.by));
            }
        }
        ReviewOutcome::Refused(why) | ReviewOutcome::Failed(why) | ReviewOutcome::Unknown(why) => {
            let what = if reviewing.approve { "approve" } else { "reject" };
            let note = Note::Refused { what: what.into(), why: vec![clean_line(why, WORDS)] };
            let by = Some(reviewing.key);
            step.orders.push(crate::domain::effect::Order::Note { by, tell: false, note: note.clone() });
            step.effect(Effect::Reply { place, actor_id, note });
            look(step);
        }
    }
}

/// Why it is there, for `why`.
pub fn lines(incident: &Incident) -> Vec<String> {
    let Some(waiting) = &incident.deployment else { return Vec::new() };
    let mut lines = vec![format!("a run waits to deploy to {}", waiting.to())];
    let reviewers = waiting.reviewers();
    if !reviewers.is_empty() {
        lines.push(format!("GitHub lets these approve it: {reviewers}"));
    }
    if !waiting.starters.is_empty() {
        lines.push(format!("started by {}, who cannot approve it here", waiting.starters.join(", ")));
    }
    lines.extend(waiting.unknown.iter().map(|why| format!("GitHub could not be asked: {why}")));
    lines
}
