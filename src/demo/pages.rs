//! What people see who follow a link from a card, a thread or the journal: runs, jobs, pull requests, issues and commits
//! as plain text.

use super::state::{Forge, Job, Repo, Run, State as Known};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::fmt::Write as _;

type Numbered = (String, String, u64);

fn text(words: Option<String>) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/plain; charset=utf-8"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    match words {
        Some(words) => (headers, words).into_response(),
        None => (StatusCode::NOT_FOUND, headers, "The sandbox forge has no such page.\n").into_response(),
    }
}

fn word(job: &Job) -> &'static str {
    job.conclusion.unwrap_or("in progress")
}

fn log(run: &Run, job: &Job) -> String {
    let spec = &run.spec.jobs[job.spec];
    match job.conclusion {
        None => "The log appears when the job has finished.\n".into(),
        Some("success") => spec.green_log.clone(),
        Some(_) => spec.log.clone(),
    }
}

fn head(run: &Run) -> String {
    let spec = &run.spec;
    let ended = run.conclusion.unwrap_or("in progress");
    let pull = spec.pull.map_or_else(String::new, |number| format!(" · pull request #{number}"));
    format!(
        "{} · {} · run {} · attempt {} · {ended}\n{} at {}{pull}\n{} ({})\n",
        spec.repo, spec.workflow, run.id, run.attempt, spec.branch, spec.sha, spec.message, spec.sender
    )
}

pub async fn run(State(forge): State<Forge>, Path((owner, repo, id)): Path<Numbered>) -> Response {
    let state = forge.lock();
    let found = state.runs.get(&id).filter(|run| run.spec.repo == format!("{owner}/{repo}"));
    text(found.map(|run| {
        let mut out = head(run);
        for job in run.attempts.last().into_iter().flatten() {
            let _ = write!(out, "\n{}: {}\n\n{}", run.spec.jobs[job.spec].name, word(job), log(run, job));
        }
        out
    }))
}

pub async fn job(
    State(forge): State<Forge>,
    Path((owner, repo, id, job)): Path<(String, String, u64, u64)>,
) -> Response {
    let state = forge.lock();
    let found = state.job(job).filter(|(run, ..)| run.id == id && run.spec.repo == format!("{owner}/{repo}"));
    text(found.map(|(run, at, job)| {
        let name = &run.spec.jobs[job.spec].name;
        format!("{}\n{name}, attempt {}: {}\n\n{}", head(run), at + 1, word(job), log(run, job))
    }))
}

fn repo<'s>(state: &'s Known, owner: &str, repo: &str) -> Option<&'s Repo> {
    state.repos.get(&format!("{owner}/{repo}"))
}

pub async fn pull(State(forge): State<Forge>, Path((owner, name, number)): Path<Numbered>) -> Response {
    let state = forge.lock();
    let Some(known) = repo(&state, &owner, &name) else { return text(None) };
    let opened = known.pulls.iter().find(|pull| pull.number == number).map(|pull| {
        let stands = match (&pull.merged, pull.open, pull.draft) {
            (Some(sha), ..) => format!("merged as {sha}"),
            (None, false, _) => "closed".into(),
            (None, true, true) => "draft".into(),
            (None, true, false) => "open".into(),
        };
        format!(
            "{owner}/{name} · pull request #{number} · {stands}\n{}\n{} into {}\n\n{}\n",
            pull.title, pull.head, pull.base, pull.body
        )
    });
    // Those that the script only mentions are known by their runs.
    let mentioned = || {
        let run = state.runs.values().find(|run| run.spec.pull == Some(number))?;
        let spec = &run.spec;
        Some(format!("{} · pull request #{number} · open\n{}\n{} into main\n", spec.repo, spec.message, spec.branch))
    };
    text(opened.or_else(mentioned).map(|words| words + &comments(known, number)))
}

pub async fn issue(State(forge): State<Forge>, Path((owner, name, number)): Path<Numbered>) -> Response {
    let state = forge.lock();
    let Some(known) = repo(&state, &owner, &name) else { return text(None) };
    let found = known.issues.iter().find(|issue| issue.number == number);
    text(found.map(|issue| {
        let stands = if issue.open { "open" } else { "closed" };
        let words = format!("{owner}/{name} · issue #{number} · {stands}\n{}\n\n{}\n", issue.title, issue.body);
        words + &comments(known, number)
    }))
}

fn comments(repo: &Repo, number: u64) -> String {
    let on = repo.comments.iter().filter(|comment| comment["number"] == number);
    on.filter_map(|comment| Some(format!("\n---\n{}\n", comment["body"].as_str()?))).collect()
}

pub async fn commit(State(forge): State<Forge>, Path((owner, name, sha)): Path<(String, String, String)>) -> Response {
    let message = {
        let state = forge.lock();
        let Some(known) = repo(&state, &owner, &name) else { return text(None) };
        known.messages.get(&sha).cloned()
    };
    let shown = super::git::show(&forge, &format!("{owner}/{name}"), &sha).await;
    text(shown.or(message))
}
