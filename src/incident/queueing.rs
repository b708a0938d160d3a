//! Merge queues: pull requests that were thrown out, what became of them, and who has to know.

use super::ending;
use super::state::Step;
use crate::domain::effect::{Effect, Lookup};
use crate::domain::event::{Failure, QueueEnd, Scope, Timer};
use crate::domain::facts::{Facts, Known};
use crate::domain::head;
use crate::domain::ids::Repo;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::mention::Whose;
use crate::domain::queue::{Entry, PullState, Queue, QueueFacts, Reason, Standing, ThrownOut};
use crate::domain::time::{DAY_MS, HOUR_MS, MINUTE_MS, Time};

/// Lines of a thread about entries that were thrown out; further ones stand on the card.
const TOLD: usize = 3;
/// The verdict comes first.
const SETTLE_MS: i64 = MINUTE_MS;
/// Webhooks are given this long.
const HEARD_MS: i64 = 15 * MINUTE_MS;
/// What is older is looked at no more.
const LOOKED_MS: i64 = 7 * DAY_MS;
/// Pull requests that one look asks about.
const LOOKED_MAX: usize = 10;

/// A run of a group failed.
pub fn failed(step: &mut Step<'_>, failure: &Failure) {
    let now = step.now;
    let Some((_, number)) = head::queued(failure.branch.raw()) else { return };
    let Some(queue) = &mut step.incident.queue else { return };
    queue.at = now;
    let Some(entry) = queue.entry_mut(number) else { return };
    if entry.sha != failure.sha {
        let told = !entry.sha.is_empty();
        entry.sha.clone_from(&failure.sha);
        entry.base = entry.base.take().filter(|_| !told);
        if told {
            // Another group of it: what was said of the one before counts no more.
            (entry.standing, entry.reason, entry.told) = (Standing::Failed, None, false);
        }
    }
    entry.red = true;
    watch(step);
}

/// A record of before queues were kept knows its branch alone.
fn recall(incident: &mut Incident) {
    let Some((onto, pull)) = head::queued(incident.branch.raw()).filter(|_| incident.queue.is_none()) else { return };
    let entry = Entry { pull, sha: incident.sha.clone(), red: true, ..Entry::default() };
    incident.queue =
        Some(Queue { onto: onto.into(), entries: vec![entry], at: incident.failed_at, ..Queue::default() });
}

/// A merge queue threw an entry out.
pub fn dequeued(step: &mut Step<'_>, sha: &str, number: Option<u64>, out: &ThrownOut) {
    let now = step.now;
    recall(&mut step.incident);
    let fresh = number.filter(|number| !step.incident.pulls.contains(number));
    let Some(queue) = &mut step.incident.queue else {
        step.incident.pulls.extend(fresh);
        return step.tell(None, Note::Dequeued { number, reason: None });
    };
    let number = number.or_else(|| queue.entries.iter().find(|entry| entry.sha == sha).map(|entry| entry.pull));
    let Some(number) = number else { return };
    let Some(entry) = queue.entry_mut(number) else { return };
    let of_another = !sha.is_empty() && !entry.sha.is_empty() && entry.sha != sha;
    if of_another && matches!(entry.standing, Standing::Again | Standing::Failed) {
        return step.record(Note::Ignored { why: "an older group of this pull request".into() });
    }
    complete(entry, sha, out);
    let before = entry.standing;
    let wanted = out.reason.is_some_and(Reason::is_wanted);
    entry.standing = match out.reason {
        Some(Reason::Merge | Reason::AlreadyMerged) => Standing::Merged,
        _ if wanted => Standing::Removed,
        _ => Standing::ThrownOut,
    };
    let ends_anew = entry.standing != before;
    if out.reason.is_some() {
        entry.reason = out.reason;
    }
    queue.reopened &= !ends_anew;
    step.incident.pulls.extend(fresh);
    if !wanted && before != Standing::ThrownOut {
        threw_out(step, number, now);
    }
}

/// What one event knows and another does not.
fn complete(entry: &mut Entry, sha: &str, out: &ThrownOut) {
    if entry.sha.is_empty() {
        entry.sha = sha.to_owned();
    }
    entry.base = entry.base.take().or_else(|| out.base.clone());
    entry.author = entry.author.take().or_else(|| out.author.clone());
}

/// It is news that this pull request is out.
fn threw_out(step: &mut Step<'_>, number: u64, now: Time) {
    let Some(queue) = &mut step.incident.queue else { return };
    queue.at = now;
    let many = queue.out().count() > TOLD;
    let reason = queue.entry(number).and_then(|entry| entry.reason).map(|reason| reason.words().to_owned());
    if let Some(entry) = queue.entry_mut(number) {
        entry.told = false;
    }
    let due = queue.tell_due.is_none().then(|| now.plus_ms(SETTLE_MS));
    queue.tell_due = queue.tell_due.or(due);
    if let Some(at) = due {
        step.timer(Timer::Tell, at);
    }
    let note = Note::Dequeued { number: Some(number), reason };
    if many {
        step.record(note);
    } else {
        step.tell(None, note);
    }
    watch(step);
}

/// An entry came to an end, or begins again.
pub fn ended(step: &mut Step<'_>, sha: &str, number: Option<u64>, base: Option<&String>, end: QueueEnd) {
    recall(&mut step.incident);
    let Some(queue) = &mut step.incident.queue else { return };
    let of = |entry: &&mut Entry| Some(entry.pull) == number || (number.is_none() && entry.sha == sha);
    let Some(entry) = queue.entries.iter_mut().find(of) else { return };
    if entry.sha == sha || entry.sha.is_empty() {
        entry.base = entry.base.take().or_else(|| base.cloned());
    }
    match (end, entry.standing) {
        (_, standing) if standing.is_over() => return,
        (QueueEnd::Merged, _) => entry.standing = Standing::Merged,
        (QueueEnd::Rebuilt, Standing::Failed) if entry.sha == sha => entry.standing = Standing::Rebuilt,
        (QueueEnd::Again, Standing::Failed) if entry.sha != sha => entry.standing = Standing::Rebuilt,
        (QueueEnd::Again, Standing::ThrownOut) if entry.sha != sha => {
            again(entry, sha, base);
            let number = entry.pull;
            return step.tell(None, Note::QueuedAgain { number });
        }
        _ => return,
    }
    queue.reopened = false;
    settle(step, &Note::QueueEnded { end });
}

fn again(entry: &mut Entry, sha: &str, base: Option<&String>) {
    (entry.standing, entry.red, entry.told) = (Standing::Again, false, true);
    entry.sha = sha.to_owned();
    entry.base = base.cloned();
}

/// The pull request itself was merged or closed.
pub fn pull_ended(step: &mut Step<'_>, number: u64, merged: bool) {
    let Some(queue) = &mut step.incident.queue else { return };
    let Some(entry) = queue.entries.iter_mut().find(|entry| entry.pull == number) else { return };
    let standing = if merged { Standing::Merged } else { Standing::Closed };
    if entry.standing == standing {
        return;
    }
    entry.standing = standing;
    queue.reopened = false;
    settle(step, &Note::PullEnded { number, merged });
}

/// It is open again: it is not in the queue. Whether that is news: what a person took out, or what was merged, stays so.
pub fn pull_reopened(step: &mut Step<'_>, number: u64) -> bool {
    let Some(queue) = &mut step.incident.queue else { return true };
    let closed = |entry: &&mut Entry| entry.pull == number && entry.standing == Standing::Closed;
    let Some(entry) = queue.entries.iter_mut().find(closed) else { return false };
    (entry.standing, entry.told) = (Standing::ThrownOut, true);
    true
}

/// Closed once nothing is left of it. What is being carried out ends first.
fn settle(step: &mut Step<'_>, note: &Note) {
    let incident = &step.incident;
    let over = |queue: &Queue| queue.is_over() && !queue.entries.is_empty() && !queue.reopened;
    if !incident.queue.as_ref().is_some_and(over)
        || incident.closed_at.is_some()
        || incident.proposals.iter().any(ending::is_acting)
    {
        return;
    }
    ending::put_away(step, "its merge queue's entries are over");
    step.tell(None, note.clone());
}

/// At the end of each step: what ended while something was being carried out, or by a person's hand.
pub fn finish(step: &mut Step<'_>) {
    let because = "nothing of it is left in the merge queue".to_owned();
    settle(step, &Note::Resolved { because });
}

/// Whether a failure concerns nothing that is left in the queue: a group of what is merged or out was run again.
pub fn is_past(incident: &Incident) -> bool {
    incident.queue.as_ref().is_some_and(|queue| queue.is_over() && !queue.entries.is_empty())
}

/// Whether green runs say nothing yet: what was thrown out stays out.
pub fn holds(incident: &Incident) -> bool {
    let out = |entry: &Entry| matches!(entry.standing, Standing::ThrownOut | Standing::Again);
    incident.queue.as_ref().is_some_and(|queue| queue.entries.iter().any(out))
}

/// Looks after a while, then each hour, how the entries stand: webhooks may be lost.
fn watch(step: &mut Step<'_>) {
    let at = step.now.plus_ms(HEARD_MS);
    let Some(queue) = &mut step.incident.queue else { return };
    if queue.look_due.is_none() {
        queue.look_due = Some(at);
        step.timer(Timer::Queue, at);
    }
}

pub fn look(step: &mut Step<'_>) {
    let (now, no, repo) = (step.now, step.incident.no, step.incident.repo.clone());
    let open = step.incident.closed_at.is_none();
    let Some(queue) = &mut step.incident.queue else { return };
    queue.look_due = None;
    if !open || now.ms_since(queue.at) > LOOKED_MS {
        return;
    }
    let at = now.plus_ms(HOUR_MS);
    queue.look_due = Some(at);
    let lookups = lookups(queue, &repo);
    step.timer(Timer::Queue, at);
    if !lookups.is_empty() {
        step.effect(Effect::Gather { incident: no, proposal: None, lookups });
    }
}

fn lookups(queue: &Queue, repo: &Repo) -> Vec<Lookup> {
    let open = queue.entries.iter().filter(|entry| !entry.standing.is_over());
    open.take(LOOKED_MAX).map(|entry| Lookup::Queued { repo: repo.clone(), number: entry.pull }).collect()
}

/// Facts about entries alone say nothing about what can be done.
pub fn told(facts: &Facts) -> bool {
    !facts.queued.is_empty() && facts.run.is_none()
}

pub fn learn(step: &mut Step<'_>, facts: &Facts) {
    for (number, known) in &facts.queued {
        match known {
            Known::Is(found) => meet(step, *number, found),
            // Who opened it cannot be told.
            Known::Unavailable(_) => {
                let entry =
                    step.incident.queue.as_mut().and_then(|queue| queue.entries.iter_mut().find(|e| e.pull == *number));
                if let Some(entry) = entry.filter(|entry| entry.author.is_none()) {
                    entry.told = true;
                }
            }
        }
    }
}

/// What the forge says now, where no webhook did.
fn meet(step: &mut Step<'_>, number: u64, found: &QueueFacts) {
    let now = step.now;
    let Some(queue) = &mut step.incident.queue else { return };
    let Some(entry) = queue.entries.iter_mut().find(|entry| entry.pull == number) else { return };
    entry.author = entry.author.take().or_else(|| found.author.clone());
    match (found.state, entry.standing) {
        (_, standing) if standing.is_over() => {}
        (PullState::Merged | PullState::Closed, _) => {
            return pull_ended(step, number, found.state == PullState::Merged);
        }
        (PullState::Open, Standing::ThrownOut) if found.queued => {
            again(entry, "", None);
            return step.tell(None, Note::QueuedAgain { number });
        }
        (PullState::Open, Standing::Failed | Standing::Again) if !found.queued && found.has_queue => {
            entry.standing = Standing::ThrownOut;
            return threw_out(step, number, now);
        }
        _ => {}
    }
    arm(step);
}

/// Somebody is still to be told, and it is known who.
fn arm(step: &mut Step<'_>) {
    let at = step.now.plus_ms(SETTLE_MS);
    let Some(queue) = &mut step.incident.queue else { return };
    let waits = queue.out().any(|entry| !entry.told && entry.author.is_some());
    if waits && queue.tell_due.is_none() {
        queue.tell_due = Some(at);
        step.timer(Timer::Tell, at);
    }
}

/// Tells the authors: in a direct message where they want one, else by a mention in the thread.
pub fn tell(step: &mut Step<'_>) {
    let quiet = step.context.mentioning.quiet_until;
    let (no, repo, closed) = (step.incident.no, step.incident.repo.clone(), step.incident.closed_at.is_some());
    let Some(queue) = &mut step.incident.queue else { return };
    if queue.tell_due.is_none() {
        return;
    }
    queue.tell_due = quiet;
    if let Some(at) = quiet {
        return step.timer(Timer::Tell, at);
    }
    let onto = queue.onto.clone();
    // Whoever is in their own quiet hours is told when these end.
    let authors = &step.context.mentioning.authors;
    let asleep = |login: &str| authors.iter().find(|one| one.login == login).and_then(|one| one.quiet_until);
    let mut later: Option<Time> = None;
    let mut unknown = Vec::new();
    let mut to_tell = Vec::new();
    for entry in queue.entries.iter_mut().filter(|entry| entry.standing == Standing::ThrownOut && !entry.told) {
        match &entry.author {
            Some(author) if asleep(author.raw()).is_some() => {
                later = later.into_iter().chain(asleep(author.raw())).min();
            }
            Some(author) => {
                entry.told = true;
                to_tell.push((entry.pull, author.raw().to_owned(), entry.reason));
            }
            None => unknown.push(Lookup::Queued { repo: repo.clone(), number: entry.pull }),
        }
    }
    if closed {
        return;
    }
    queue.tell_due = later;
    if let Some(at) = later {
        step.timer(Timer::Tell, at);
    }
    for (number, login, reason) in to_tell {
        let because = reason.unwrap_or(Reason::UnknownRemovalReason).words().to_owned();
        let reachable = step.context.mentioning.authors.iter().find(|one| one.login == login).cloned();
        let Some(reachable) = reachable else { continue };
        if !reachable.direct.is_empty() {
            let note = Note::ThrownOut { incident: no, repo: repo.clone(), number, onto: onto.clone(), because };
            step.effect(Effect::Direct { to: reachable.direct, note });
        } else if !reachable.places.is_empty() {
            let owners = vec![format!("@{login}")];
            let places = reachable.places;
            step.tell(None, Note::Mentioned { owners, whose: Whose::Pull, places, escalated: None });
        }
    }
    unknown.truncate(LOOKED_MAX);
    if !unknown.is_empty() {
        step.effect(Effect::Gather { incident: no, proposal: None, lookups: unknown });
    }
}

/// A late run tells what failed where only the queue was heard.
pub fn is_completed_by(incident: &mut Incident, failure: &Failure) {
    if incident.scope == Scope::Queue && failure.scope != Scope::Queue {
        incident.scope = failure.scope;
        incident.workflow = failure.workflow.clone();
        incident.branch = failure.branch.clone();
        incident.sha.clone_from(&failure.sha);
    }
}
