//! One template over the workflows of a repository: which of them may be edited, and what becomes of the whole wish.

use std::collections::BTreeSet;

use super::guard;
use super::hint::Hint;
use super::patch::Patch;
use super::scope;
use super::workflow::{Job, Workflow, is_workflow};
use crate::domain::edit::{Edit, Edited, Source};
use crate::domain::text::{clean_line, listing};

/// What a template finds in one workflow.
#[derive(Debug)]
pub enum Found {
    /// Nothing that it is about.
    Nothing,
    /// It is so already: a whole sentence.
    Already(String),
    /// Whole sentences that say what to do next.
    Refused(Vec<String>),
    /// What was changed stands in the desk's patch.
    Changed,
}

impl Found {
    pub fn refused(why: impl Into<String>) -> Self {
        Self::Refused(vec![why.into()])
    }
}

/// What a template works on: one workflow.
#[derive(Debug)]
pub struct Desk<'t, 'w> {
    pub workflow: &'w Workflow<'t>,
    /// The jobs that the hint speaks of.
    pub jobs: Vec<&'w Job>,
    pub patch: Patch<'t, 'w>,
    /// The other workflows: to be looked at only.
    pub others: Vec<&'w Source>,
    because: Vec<String>,
    warnings: Vec<String>,
}

impl Desk<'_, '_> {
    pub fn because(&mut self, sentence: impl Into<String>) {
        push_new(&mut self.because, sentence.into());
    }

    pub fn warn(&mut self, sentence: impl Into<String>) {
        push_new(&mut self.warnings, sentence.into());
    }

    /// `.github/workflows/ci.yml, line 4`.
    pub fn place(&self, at: usize) -> String {
        format!("{}, line {}", clean_line(&self.workflow.source.path, 100), self.workflow.tree.line(at))
    }
}

fn push_new(list: &mut Vec<String>, sentence: String) {
    if !list.contains(&sentence) {
        list.push(sentence);
    }
}

/// A sentence: begins with a capital letter and ends with a full stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let end = if text.ends_with(['.', '?', '!']) { "" } else { "." };
    format!("{first}{}{end}", chars.as_str())
}

/// Asks a template about every workflow that may be meant, and joins the answers. When the hint names the workflow,
/// only that one is looked at; otherwise exactly one may change.
pub fn across(workflows: &[Source], hint: &Hint, template: impl Fn(&mut Desk<'_, '_>, &Hint) -> Found) -> Edited {
    let files: Vec<&Source> = workflows.iter().filter(|file| is_workflow(&file.path)).collect();
    let named = hint.workflow.as_deref().map(str::trim).filter(|name| !name.is_empty());
    let chosen = match named {
        Some(name) => match by_name(&files, name) {
            Ok(file) => vec![file],
            Err(why) => return Edited::Refused(vec![why]),
        },
        None => files.clone(),
    };
    let mut answers = Vec::new();
    let mut unreadable = Vec::new();
    for file in chosen {
        match Workflow::read(file) {
            Ok(workflow) => {
                let others = files.iter().copied().filter(|other| other.path != file.path).collect();
                answers.push((file, one(&workflow, others, hint, named.is_some(), &template)));
            }
            Err(why) => {
                let (path, why) = (clean_line(&file.path, 100), clean_line(&why, 100));
                unreadable.push(format!("Cannot read {path} ({why}): fix it by hand first."));
            }
        }
    }
    join(answers, unreadable)
}

fn by_name<'f>(files: &[&'f Source], name: &str) -> Result<&'f Source, String> {
    // GitHub tells a path with the branch behind it.
    let path = name.split('@').next().unwrap_or(name).trim_start_matches("./");
    let by_path = |file: &&&Source| file.path == path || file.path.rsplit('/').next() == Some(path);
    if let Some(file) = files.iter().find(by_path) {
        return Ok(file);
    }
    let titled: Vec<(&&Source, String)> =
        files.iter().filter_map(|file| Some((file, Workflow::read(file).ok()?.name?.trim().to_owned()))).collect();
    let exact = titled.iter().filter(|(_, title)| title == name).map(|(file, _)| **file);
    let mut found: Vec<&Source> = exact.collect();
    if found.is_empty() {
        found = titled.iter().filter(|(_, title)| title.eq_ignore_ascii_case(name)).map(|(file, _)| **file).collect();
    }
    let shown = clean_line(name, 60);
    let paths = |files: &[&Source]| listing(&files.iter().map(|file| file.path.clone()).collect::<Vec<_>>(), 8);
    match found.as_slice() {
        [one] => Ok(one),
        [] if files.is_empty() => Err(".github/workflows contains no workflow.".to_owned()),
        [] => Err(format!("No workflow is named `{shown}`: name one of {}.", paths(files))),
        several => Err(format!("Several workflows are named `{shown}` ({}): name one by its path.", paths(several))),
    }
}

enum Answer {
    Nothing,
    Already(String),
    Refused(Vec<String>),
    Ready(Box<Edit>),
}

fn one(
    workflow: &Workflow<'_>,
    others: Vec<&Source>,
    hint: &Hint,
    is_named: bool,
    template: &impl Fn(&mut Desk<'_, '_>, &Hint) -> Found,
) -> Answer {
    let path = clean_line(&workflow.source.path, 100);
    let deployment = guard::deployment(workflow).map(|sign| sign.sentence(&path));
    if let Some(why) = deployment.as_ref().filter(|_| is_named) {
        return Answer::Refused(vec![why.clone()]);
    }
    let jobs = match scope::jobs(workflow, hint) {
        Ok(jobs) => jobs,
        Err(why) if is_named => return Answer::Refused(vec![sentence(&why)]),
        Err(_) => return Answer::Nothing,
    };
    let patch = Patch::new(&workflow.tree, workflow.indent());
    let mut desk = Desk { workflow, jobs, patch, others, because: Vec::new(), warnings: Vec::new() };
    let found = template(&mut desk, hint);
    match (found, deployment) {
        (Found::Nothing, _) | (Found::Already(_), Some(_)) => Answer::Nothing,
        (Found::Already(why), None) => Answer::Already(sentence(&why)),
        (_, Some(why)) => Answer::Refused(vec![why]),
        (Found::Refused(why), None) => Answer::Refused(why.iter().map(|why| sentence(why)).collect()),
        (Found::Changed, None) => finish(desk, &path),
    }
}

fn finish(desk: Desk<'_, '_>, path: &str) -> Answer {
    let Desk { workflow, patch, because, mut warnings, .. } = desk;
    let shared: BTreeSet<usize> = patch.shared_lines().into_iter().collect();
    if !shared.is_empty() {
        let lines: Vec<String> = shared.iter().map(ToString::to_string).collect();
        let lines = listing(&lines, 8);
        push_new(&mut warnings, format!("{path}: an alias applies the change in line {lines} to other places too."));
    }
    match patch.finish() {
        Ok(text) => {
            let files = vec![Source { path: workflow.source.path.clone(), text }];
            Answer::Ready(Box::new(Edit { files, because, warnings, ..Edit::default() }))
        }
        Err(why) => Answer::Refused(vec![format!(
            "{path} cannot be edited safely ({}): change it by hand.",
            clean_line(&why, 100)
        )]),
    }
}

fn join(answers: Vec<(&Source, Answer)>, unreadable: Vec<String>) -> Edited {
    let (mut touched, mut already) = (Vec::new(), Vec::new());
    for (file, answer) in answers {
        match answer {
            Answer::Nothing => {}
            Answer::Already(why) => already.push(why),
            answer => touched.push((file, answer)),
        }
    }
    if touched.len() > 1 {
        let paths: Vec<String> = touched.iter().map(|(file, _)| file.path.clone()).collect();
        let mut why =
            vec![format!("Several workflows would change ({}): name the one that failed.", listing(&paths, 8))];
        for (_, answer) in touched {
            if let Answer::Refused(reasons) = answer {
                for reason in reasons {
                    push_new(&mut why, reason);
                }
            }
        }
        return Edited::Refused(why);
    }
    match touched.pop() {
        Some((_, Answer::Ready(edit))) => Edited::Ready(*edit),
        Some((_, Answer::Refused(why))) => Edited::Refused(why),
        _ if !already.is_empty() => Edited::Already(already.join(" ")),
        _ if !unreadable.is_empty() => Edited::Refused(unreadable),
        _ => Edited::Absent,
    }
}
