//! Reproductions in a container: who may ask, what is run next, and what is told of it.

use super::bisecting;
use super::searching::{self, Next};
use super::state::Step;
use crate::domain::effect::Effect;
use crate::domain::event::Request;
use crate::domain::facts::{Facts, Known};
use crate::domain::ids::short_sha;
use crate::domain::incident::Incident;
use crate::domain::journal::Note;
use crate::domain::repro::{Came, How, ReproRun, Reproduction, Search, Shade};
use crate::domain::suspect::{Landed, RangeFacts, Suspect, pull_of};
use crate::domain::text::clean_line;
use crate::remedies;

/// Tests that one script runs.
pub const TESTS: usize = 20;

/// Begins one, if that is allowed.
///
/// # Errors
/// Why not, a sentence.
pub fn asked(step: &mut Step<'_>, request: &Request, how: How) -> Result<Note, String> {
    if !step.rules.containers {
        return Err("running code in containers is off; an operator can allow it with repro.runner".into());
    }
    let incident = &step.incident;
    // Whoever sends a pull request from a fork would choose what runs on the operator's machine.
    if incident.fork {
        return Err("the code is from a fork, and code of forks is not run".into());
    }
    if incident.reproduction.as_ref().is_some_and(|it| !it.ended) {
        return Err(
            "a reproduction of this incident is already queued or running; its result comes to this thread".into()
        );
    }
    let tests: Vec<_> = incident.evidence.iter().flat_map(|it| &it.failing_tests).take(TESTS).cloned().collect();
    if tests.is_empty() {
        return Err("the log names no failing test to run".into());
    }
    let run = incident.lead_run().ok_or("this failure has no run, so it is not known what to run")?;
    let job = incident.first_job().ok_or("it is not known which job failed")?;
    let lookup = if how == How::Bisect { Some(remedies::bisect::range(incident)?) } else { None };
    let search = lookup.as_ref().map(|_| Search::default());
    let reproduction = Reproduction {
        n: incident.reproduction.as_ref().map_or(0, |it| it.n) + 1,
        by: request.by.key.clone(),
        sha: run.sha.clone(),
        workflow: run.workflow.clone(),
        job: job.name.clone(),
        tests,
        search,
        ended: false,
    };
    let (no, sha) = (incident.no, reproduction.sha.clone());
    step.incident.reproduction = Some(reproduction);
    match lookup {
        Some(lookup) => step.effect(Effect::Gather { incident: no, proposal: None, lookups: vec![lookup] }),
        None => run_at(step, &sha),
    }
    Ok(Note::ReproQueued { bisect: how == How::Bisect })
}

fn run_at(step: &mut Step<'_>, sha: &str) {
    let Some(it) = &step.incident.reproduction else { return };
    let effect = Effect::RunRepro {
        incident: step.incident.no,
        n: it.n,
        repo: step.incident.repo.clone(),
        sha: sha.to_owned(),
        workflow: it.workflow.clone(),
        job: it.job.clone(),
        tests: it.tests.clone(),
    };
    step.effect(effect);
}

/// Whether these facts are what a search waits for.
pub fn awaits(incident: &Incident, facts: &Facts) -> bool {
    let search = incident.reproduction.as_ref().filter(|it| !it.ended).and_then(|it| it.search.as_ref());
    facts.range.is_some() && facts.run.is_none() && search.is_some_and(|search| search.commits.is_empty())
}

/// What landed is known: the search begins.
pub fn learn(step: &mut Step<'_>, facts: &Facts) {
    let found = match &facts.range {
        Some(Known::Is(range)) if range.commits.is_empty() || range.more => {
            Err("too many commits landed since the last green run, or none".to_owned())
        }
        Some(Known::Is(range)) => Ok(range),
        Some(Known::Unavailable(why)) => Err(format!("cannot tell what landed: {why}")),
        None => return,
    };
    match found {
        Ok(range) => begin(step, range),
        Err(why) => end(step, Note::Refused { what: "repro bisect".into(), why: vec![why] }),
    }
}

fn begin(step: &mut Step<'_>, range: &RangeFacts) {
    if let Some(search) = step.incident.reproduction.as_mut().and_then(|it| it.search.as_mut()) {
        (search.green, search.commits) = (range.green.clone(), range.commits.clone());
    }
    go_on(step);
}

/// A run begins: it may have waited for others.
pub fn began(step: &mut Step<'_>, n: u32, sha: &str, image: &str) {
    if step.incident.reproduction.as_ref().is_some_and(|it| it.n == n && !it.ended) {
        step.tell(None, Note::ReproStarted { at: named(&step.incident, sha), image: image.into() });
    }
}

/// Ends the one that is queued or running, if there is one: nothing of it is told any more, and its container goes.
pub fn cancel(step: &mut Step<'_>, request: &Request) -> Option<Note> {
    let it = step.incident.reproduction.as_mut().filter(|it| !it.ended)?;
    it.ended = true;
    Some(Note::ReproCancelled { by: request.by.name.clone(), bisect: it.search.is_some() })
}

/// A run has ended.
pub fn ran(step: &mut Step<'_>, n: u32, run: &ReproRun) {
    let Some(it) = step.incident.reproduction.as_ref().filter(|it| it.n == n && !it.ended) else { return };
    let (by, searches) = (it.by.clone(), it.search.is_some());
    let (came, why) = match &run.came {
        Came::Red { status } => ("red", format!("exit status {status}")),
        Came::Green => ("green", String::new()),
        Came::Unknown { why } => ("unknown", why.clone()),
        Came::Stopped { why } => ("stopped", why.clone()),
    };
    let note = Note::ReproRan {
        at: named(&step.incident, &run.sha),
        came: came.into(),
        why: why.into(),
        // What passes has nothing to explain.
        tail: if run.came == Came::Green { Vec::new() } else { run.tail.clone() },
        took_s: run.took_ms / 1_000,
    };
    step.tell(Some(by), note);
    let shade = run.came.shade().filter(|_| searches);
    let Some(it) = &mut step.incident.reproduction else { return };
    match (shade, &mut it.search) {
        (Some(shade), Some(search)) => {
            let at = position(search, &run.sha);
            search.seen.extend(at.map(|at| (at, shade)));
            go_on(step);
        }
        _ => it.ended = true,
    }
}

fn position(search: &Search, sha: &str) -> Option<usize> {
    let commit = || search.commits.iter().position(|commit| commit.sha == sha).map(|at| at + 1);
    if sha == search.green { Some(0) } else { commit() }
}

/// The next run of a search, or its end.
fn go_on(step: &mut Step<'_>) {
    let Some(search) = step.incident.reproduction.as_ref().and_then(|it| it.search.clone()) else { return };
    let summary = match searching::next(&search) {
        Next::At(0) => return run_at(step, &search.green),
        Next::At(at) => {
            let Some(commit) = search.commits.get(at - 1) else { return };
            return run_at(step, &commit.sha);
        }
        Next::Culprit(at) => {
            let Some(commit) = search.commits.get(at - 1) else { return };
            bisecting::settle(&mut step.incident, Some(&culprit(commit)), false);
            format!("the culprit is {}", name(&search, at))
        }
        Next::Between(low, high) => {
            format!("the culprit came after {}, at the latest with {}", name(&search, low), name(&search, high))
        }
        Next::GreenFails => {
            bisecting::settle(&mut step.incident, None, true);
            format!("no culprit: {} fails in the container, too", name(&search, 0))
        }
        Next::RedPasses => {
            bisecting::settle(&mut step.incident, None, true);
            format!("no culprit: {} passes in the container", name(&search, search.commits.len()))
        }
        Next::EndUnknown(at) => format!("no answer: {} could not be run", name(&search, at)),
    };
    let because = search.seen.iter().map(|(at, shade)| told(&search, *at, *shade)).collect();
    end(step, Note::ReproBisected { summary: summary.into(), because });
}

fn end(step: &mut Step<'_>, note: Note) {
    let Some(it) = &mut step.incident.reproduction else { return };
    it.ended = true;
    let by = it.by.clone();
    step.tell(Some(by), note);
}

fn culprit(commit: &Landed) -> Suspect {
    Suspect {
        sha: commit.sha.clone(),
        subject: commit.subject.clone(),
        author: commit.author.clone(),
        pull: pull_of(commit.subject.raw()),
        score: 0,
        because: vec!["bisected in a container: it passes before it and fails with it".into()],
    }
}

/// As people call a commit: `5d6e7f8 Four`.
fn name(search: &Search, at: usize) -> String {
    let commit = at.checked_sub(1).and_then(|at| search.commits.get(at));
    commit.map_or_else(
        || format!("the last green commit {}", short_sha(&search.green)),
        |commit| clean_line(&format!("{} {}", short_sha(&commit.sha), commit.subject.raw()), 70),
    )
}

fn named(incident: &Incident, sha: &str) -> crate::domain::text::Untrusted {
    let search = incident.reproduction.as_ref().and_then(|it| it.search.as_ref());
    let at = search.and_then(|search| Some(name(search, position(search, sha)?)));
    at.unwrap_or_else(|| short_sha(sha).to_owned()).into()
}

fn told(search: &Search, at: usize, shade: Shade) -> String {
    let says = match shade {
        Shade::Red => "fails",
        Shade::Green => "passes",
        Shade::Unknown => "cannot be told",
    };
    format!("{} {says}", name(search, at))
}
