//! Deployment workflows are never edited. What makes one is told by the line and the word.

mod commands;
mod words;

use super::workflow::{Job, Step, Workflow};
use crate::domain::text::clean_line;
use crate::edit::yaml::{Id, Tree};

/// Why a workflow counts as a deployment.
#[derive(Debug, PartialEq, Eq)]
pub struct Sign {
    /// None, when it is the file's name.
    line: Option<usize>,
    word: String,
}

impl Sign {
    /// The refusal, a sentence with what to do next.
    pub fn sentence(&self, path: &str) -> String {
        let word = clean_line(&self.word, 80);
        let place = self.line.map_or_else(|| "the file's name".to_owned(), |line| format!("line {line}"));
        format!(
            "{path} deploys or publishes ({place}: `{word}`): CI Rescue never edits such workflows; change it by hand."
        )
    }
}

/// The first sign that a workflow deploys or publishes something.
pub fn deployment(workflow: &Workflow<'_>) -> Option<Sign> {
    if let Some(word) = words::in_title(workflow.file_name()) {
        return Some(Sign { line: None, word });
    }
    let tree = &workflow.tree;
    let whole = tree.roots.iter().find_map(|root| of_the_whole(tree, *root));
    whole.or_else(|| workflow.jobs.iter().find_map(|job| of_job(tree, job)))
}

fn sign(tree: &Tree<'_>, at: usize, word: impl Into<String>) -> Sign {
    Sign { line: Some(tree.line(at)), word: word.into() }
}

fn start(tree: &Tree<'_>, id: Id) -> usize {
    tree.node(id).range.start
}

fn of_the_whole(tree: &Tree<'_>, root: Id) -> Option<Sign> {
    for key in ["name", "run-name"] {
        let Some(entry) = tree.entry(root, key) else { continue };
        if let Some(word) = tree.scalar(entry.value).and_then(words::in_title) {
            return Some(sign(tree, entry.range.start, word));
        }
    }
    triggers(tree, root).or_else(|| permissions(tree, root))
}

/// What is started by a release or a deployment is one.
fn triggers(tree: &Tree<'_>, root: Id) -> Option<Sign> {
    const EVENTS: &[&str] = &["release", "deployment", "deployment_status", "registry_package"];
    let on = tree.get(root, "on")?;
    let is_one = |word: &str| EVENTS.contains(&word.to_ascii_lowercase().as_str());
    let scalar = |id: Id| tree.scalar(id).filter(|word| is_one(word)).map(|word| sign(tree, start(tree, id), word));
    let key = tree.entries(on).iter().find(|entry| is_one(&entry.key));
    scalar(on)
        .or_else(|| tree.items(on).iter().find_map(|item| scalar(*item)))
        .or_else(|| key.map(|entry| sign(tree, entry.range.start, entry.key.clone())))
}

fn permissions(tree: &Tree<'_>, owner: Id) -> Option<Sign> {
    const WRITTEN: &[&str] = &["id-token", "packages", "deployments", "pages", "attestations"];
    let granted = tree.entry(owner, "permissions")?;
    if tree.scalar(granted.value).is_some_and(|all| all.trim().eq_ignore_ascii_case("write-all")) {
        return Some(sign(tree, granted.range.start, "permissions: write-all"));
    }
    let writes = |entry: &&crate::edit::yaml::Entry| {
        let value = tree.scalar(entry.value).unwrap_or_default().trim();
        WRITTEN.contains(&entry.key.to_ascii_lowercase().as_str()) && value.eq_ignore_ascii_case("write")
    };
    let entry = tree.entries(granted.value).iter().find(writes)?;
    Some(sign(tree, entry.range.start, format!("{}: write", entry.key.to_ascii_lowercase())))
}

fn of_job(tree: &Tree<'_>, job: &Job) -> Option<Sign> {
    if let Some(word) = words::in_job(&job.id) {
        return Some(sign(tree, job.key, word));
    }
    if let Some(entry) = tree.entry(job.node, "environment") {
        return Some(sign(tree, entry.range.start, "environment"));
    }
    if let Some(word) = job.name.as_deref().and_then(words::in_job) {
        let at = tree.entry(job.node, "name").map_or(job.key, |entry| entry.range.start);
        return Some(sign(tree, at, word));
    }
    if let Some(found) = permissions(tree, job.node) {
        return Some(found);
    }
    let called = job.uses.and_then(|uses| Some((uses, words::in_title(tree.scalar(uses)?)?)));
    if let Some((uses, word)) = called {
        return Some(sign(tree, start(tree, uses), word));
    }
    job.steps.iter().find_map(|step| of_step(tree, step))
}

fn of_step(tree: &Tree<'_>, step: &Step) -> Option<Sign> {
    if let (Some(uses), Some(action)) = (step.uses, step.action(tree)) {
        if words::is_deploying_action(&action) {
            return Some(sign(tree, start(tree, uses), action));
        }
        if words::is_building_action(&action)
            && let Some((at, word)) = pushes(tree, step)
        {
            return Some(sign(tree, at, word));
        }
    }
    // Actions that run commands, such as those which try again, are handed them.
    let input = ["command", "cmd", "run", "script", "args"].iter().find_map(|name| {
        let entry = tree.entry(tree.get(step.node, "with")?, name)?;
        let value = tree.scalar(entry.value)?;
        let bare = value.split_whitespace().next().filter(|word| matches!(*word, "publish" | "deploy"));
        bare.map(str::to_owned).or_else(|| commands::deploys(value)).map(|word| sign(tree, entry.range.start, word))
    });
    let run = tree
        .entry(step.node, "run")
        .and_then(|entry| commands::deploys(tree.scalar(entry.value)?).map(|word| sign(tree, entry.range.start, word)));
    run.or(input)
}

/// Whether a build of an image is pushed: by anything but a plain no, since an expression may say yes.
fn pushes(tree: &Tree<'_>, step: &Step) -> Option<(usize, &'static str)> {
    if let Some(push) = step.input(tree, "push") {
        let value = tree.scalar(push).unwrap_or_default().trim();
        if !matches!(value.to_ascii_lowercase().as_str(), "false" | "" | "no" | "off") {
            return Some((start(tree, push), "push"));
        }
    }
    let outputs = ["outputs", "set"].iter().find_map(|name| step.input(tree, name))?;
    let value = tree.scalar(outputs)?.to_ascii_lowercase();
    let pushed = value.contains("push=true") || value.contains("type=registry");
    pushed.then(|| (start(tree, outputs), "push=true"))
}
