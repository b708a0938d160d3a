//! What is heard, done, posted and waited for, in plain words.

use super::LINE;
use crate::domain::action::{Action, RerunJobs};
use crate::domain::effect::Effect;
use crate::domain::event::{Event, Failure, Progress};
use crate::domain::text::clean_line;
use crate::domain::time::Time;
use crate::ports::{Heard, Publication, Surface, TimerRow};
use serde::Serialize;

pub fn heard(heard: &Heard) -> String {
    match heard {
        Heard::Event(event) => happened(event),
        Heard::Queued { failure, .. } => format!("a job of {} waits for a runner", of(failure)),
        Heard::Taken { .. } => "a job waits for a runner no longer".into(),
        Heard::LogTail { repo, run, text, .. } => format!("{} bytes of the log of run {run} in {repo}", text.len()),
        Heard::Named { id, repo, renamed: true } => format!("repository {id} is called {repo} from now on"),
        Heard::Named { id, repo, renamed: false } => format!("repository {id} is {repo}"),
        Heard::Words { actor, text, .. } => format!("{} says: {}", actor.name.line(LINE), clean_line(text, LINE)),
        Heard::Pressed { actor, .. } => format!("{} pressed a button", actor.name.line(LINE)),
        Heard::Visited { actor, .. } => format!("{} looks at their page", actor.name.line(LINE)),
        Heard::Asked(_) => "somebody asks for something".into(),
        Heard::Ignored { why } => format!("nothing to do: {}", clean_line(why, LINE)),
    }
}

fn happened(event: &Event) -> String {
    match event {
        Event::Failed { failure } => format!("{} ended in {}", of(failure), failure.conclusion.as_str()),
        Event::Progressed { progress } => progressed(progress),
        Event::HeadMoved { repo, branch, .. } => format!("{} of {repo} has a new head", branch.line(LINE)),
        Event::BranchGone { repo, branch } => format!("{} of {repo} was deleted", branch.line(LINE)),
        Event::PullEnded { repo, number, merged, .. } if *merged => format!("PR {number} of {repo} was merged"),
        Event::PullEnded { repo, number, .. } => format!("PR {number} of {repo} was closed"),
        event => tag(event, "event"),
    }
}

fn of(failure: &Failure) -> String {
    let Failure { repo, workflow, job, run, attempt, branch, .. } = failure;
    let job = job.as_ref().map_or_else(String::new, |job| format!("job {} of ", job.line(LINE)));
    let run = run.map_or_else(String::new, |run| format!(", run {run}, attempt {attempt}"));
    format!("{job}{} on {} of {repo}{run}", workflow.line(LINE), branch.line(LINE))
}

fn progressed(progress: &Progress) -> String {
    let Progress { repo, workflow, job, run, attempt, branch, conclusion, .. } = progress;
    let job = job.as_ref().map_or_else(String::new, |job| format!("job {} of ", job.line(LINE)));
    let run = run.map_or_else(String::new, |run| format!(", run {run}, attempt {attempt}"));
    let how = conclusion.map_or_else(|| "is going".into(), |how| format!("ended in {}", how.as_str()));
    format!("{job}{} on {} of {repo}{run} {how}", workflow.line(LINE), branch.line(LINE))
}

pub fn effect(effect: &Effect) -> String {
    let about = effect.incident().map_or_else(String::new, |no| format!(" for {no}"));
    let what = match effect {
        Effect::ReadLog { job_id, run, .. } => format!("read the log of job {job_id} of run {run}"),
        Effect::Gather { lookups, .. } => {
            let all: Vec<String> = lookups.iter().map(|lookup| tag(lookup, "lookup")).collect();
            format!("look up: {}", all.join(", "))
        }
        Effect::Perform { action, undo: true, .. } => format!("undo: {}", acted(action)),
        Effect::Perform { action, .. } | Effect::Recheck { action, .. } | Effect::Follow { action, .. } => {
            acted(action)
        }
        Effect::Merge { repo, branch, .. } => {
            format!("merge the pull request of {} in {repo} once it is green", branch.as_str())
        }
        Effect::LookAtPull { repo, number, .. } => format!("look whether PR {number} of {repo} has ended"),
        Effect::Reproduce { .. } => "write a script that reproduces it".into(),
        Effect::RunRepro { .. } => "run the reproduction in a container".into(),
        Effect::Analyse { .. } => "ask the analyst".into(),
        Effect::Suspect { .. } => "look at what landed since the last green run".into(),
        Effect::ReadReports { run, .. } => format!("read the test reports of run {run}"),
        Effect::Look { failure } => format!("ask the forge about {}; it is supposed to be there", of(failure)),
        Effect::HandIn { approve: true, .. } => "approve the deployment".into(),
        Effect::HandIn { .. } => "reject the deployment".into(),
        Effect::CheckCommit { repo, sha, .. } => {
            format!("update the verdict check at {} of {repo}", clean_line(sha, 12))
        }
        Effect::Clear { .. } => "ask the forge what somebody may read".into(),
        Effect::Vouch { actor, .. } => format!("ask what {} may do there", actor.name.line(LINE)),
        Effect::Direct { .. } => "send a direct message".into(),
        Effect::Welcome { .. } => "show somebody's page".into(),
        Effect::Inform { .. } | Effect::Reply { .. } => "answer privately".into(),
        Effect::Preview { .. } => "show previews of links".into(),
        Effect::Review { channel, .. } => format!("tell {} what was done in a week", clean_line(channel, LINE)),
        Effect::Summary { channel, .. } => format!("post the digest of {}", clean_line(channel, LINE)),
        Effect::Doctor { .. } => "look whether the installation works, and answer privately".into(),
        Effect::Stats { .. } => "count how it went, and answer privately".into(),
        Effect::BeginLink { .. } | Effect::PollLink { .. } => "link somebody's account".into(),
        Effect::Share { .. } => "answer privately with a link to read".into(),
    };
    format!("{what}{about}")
}

fn acted(action: &Action) -> String {
    match action {
        Action::Rerun { run, attempt, jobs, repo } => {
            let jobs = match jobs {
                RerunJobs::One { name, .. } => format!("job {}", name.line(LINE)),
                RerunJobs::Failed => "the failed jobs".into(),
                RerunJobs::All => "all jobs".into(),
            };
            format!("re-run {jobs} of run {run} in {repo} after attempt {attempt}")
        }
        Action::Cancelled { run, repo, .. } => format!("cancel run {run} in {repo}"),
        Action::Label { repo, number, label, present: true } => format!("label {number} of {repo}: {label}"),
        Action::Label { repo, number, label, .. } => format!("take the label {label} off {number} of {repo}"),
        Action::Comment { repo, number, .. } => format!("comment on {number} of {repo}"),
        Action::Attempt { specialist, n, .. } => format!("have {} try, attempt {n}", clean_line(specialist, LINE)),
        Action::Branch { repo, branch, .. } => format!("push {} to {repo}", branch.as_str()),
        Action::BranchGone { repo, branch } => format!("delete {} of {repo}", branch.as_str()),
        Action::Pull { repo, title, .. } => format!("open a pull request in {repo}: {}", title.line(LINE)),
        Action::PullClosed { repo, branch } => format!("close the pull request of {} in {repo}", branch.as_str()),
        Action::Markers { repo, branch, .. } => format!("check {} of {repo} for conflict markers", branch.as_str()),
        Action::Issue { repo, title, .. } => format!("open an issue in {repo}: {}", title.line(LINE)),
        Action::IssueClosed { repo, .. } => format!("close the issue in {repo}"),
        Action::Listed { entry } => format!("enter a quarantine in the ledger of {}", entry.repo),
        Action::Unlisted { repo, .. } => format!("take a quarantine out of the ledger of {repo}"),
        Action::Enqueued { repo, number, .. } => format!("put PR {number} of {repo} into the merge queue"),
        Action::Check { repo, name, .. } => format!("say check {} in {repo}", clean_line(name, LINE)),
    }
}

pub fn card(surface: &Surface, publication: &Publication) -> String {
    let Surface { incident, platform, channel } = surface;
    let how = match (publication.is_first(), publication.shown < publication.wanted) {
        (true, _) => "post the card",
        (false, true) => "update the card",
        (false, false) => "write in the thread",
    };
    format!("{how} of {incident} in {platform}:{}", clean_line(channel, LINE))
}

pub fn timer(timer: &TimerRow) -> String {
    let Time(at) = timer.at;
    let at = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default().format("%Y-%m-%d %H:%M:%S UTC");
    match &timer.event {
        Event::Fired { incident, timer } => format!("at {at}, look at {incident} again ({})", tag(timer, "")),
        event => format!("at {at}: {}", happened(event)),
    }
}

/// A name of ours as words.
fn tag(value: &impl Serialize, key: &str) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    let name = value.as_str().or_else(|| value.get(key)?.as_str()).unwrap_or_default();
    name.replace('_', " ")
}
