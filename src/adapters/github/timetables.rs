//! Workflows that run by the clock: their files on the default branch, their state, and their runs.

use super::api::{GitHub, refused};
use super::ci::run_facts;
use super::payload::Run;
use crate::domain::cron::Line;
use crate::domain::facts::RunFacts;
use crate::domain::ids::Repo;
use crate::domain::text::{Untrusted, clean_line};
use crate::edit::yaml::{Id, Tree};
use crate::ports::{Activity, PortError, Read, Timetable, Timetables};
use async_trait::async_trait;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

const FOLDER: &str = ".github/workflows";
/// Larger files are none that GitHub runs.
const SIZE_MAX: usize = 512 * 1024;
/// Workflows a page, and pages.
const PAGE: usize = 100;
const PAGES: usize = 5;
/// Files that one look reads; the others follow at the next.
const READS_MAX: usize = 50;
/// Lines of one workflow.
const LINES_MAX: usize = 50;
/// Runs of a workflow that are looked at.
const RUNS: usize = 50;

#[derive(Deserialize)]
struct Workflows {
    #[serde(default)]
    workflows: Vec<Workflow>,
}

#[derive(Deserialize)]
struct Workflow {
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    path: String,
    #[serde(default)]
    state: String,
}

impl Workflow {
    fn activity(&self) -> Option<Activity> {
        match self.state.as_str() {
            "active" => Some(Activity::Active),
            "disabled_inactivity" => Some(Activity::Inactive),
            "disabled_manually" => Some(Activity::Disabled),
            // Deleted, or of a fork.
            _ => None,
        }
    }
}

#[derive(Deserialize)]
struct File {
    #[serde(default)]
    path: String,
    #[serde(default)]
    sha: String,
}

#[derive(Deserialize)]
struct Runs {
    workflow_runs: Vec<Run>,
}

/// The cron lines under `on.schedule`.
pub(super) fn lines(text: &str) -> Result<Vec<Line>, String> {
    let tree = Tree::read(text).map_err(|why| clean_line(&why, 100))?;
    let listed = tree.roots.first().and_then(|root| tree.at(*root, &["on", "schedule"]));
    let Some(listed) = listed.map(|listed| tree.resolve(listed)) else { return Ok(Vec::new()) };
    let items: &[Id] = tree.items(listed);
    let line = |item: &Id| {
        let item = tree.resolve(*item);
        let cron = tree.text_of(item, "cron").ok_or("an entry of on.schedule has no cron")?;
        Ok(Line { cron: cron.into(), zone: tree.text_of(item, "timezone").map(Into::into) })
    };
    items.iter().take(LINES_MAX).map(line).collect()
}

impl GitHub {
    async fn workflows(&self, repo: &Repo) -> Result<Vec<Workflow>, PortError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let path = format!("/repos/{repo}/actions/workflows?per_page={PAGE}&page={page}");
            let found: Workflows = self.get(repo, &path).await?;
            let last = found.workflows.len() < PAGE;
            all.extend(found.workflows);
            if last {
                break;
            }
        }
        Ok(all)
    }

    /// The files of workflows with their versions.
    async fn files(&self, repo: &Repo) -> Result<BTreeMap<String, String>, PortError> {
        let answer = self.call("GET", Some(repo), &format!("/repos/{repo}/contents/{FOLDER}"), None).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(BTreeMap::new());
        }
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let found: Vec<File> = answer.json()?;
        Ok(found.into_iter().map(|file| (file.path, file.sha)).collect())
    }

    async fn read(&self, repo: &Repo, path: &str, version: &str) -> Result<Read, PortError> {
        let lines = match self.text_of(repo, path, SIZE_MAX).await {
            Ok(Some(text)) => lines(&text),
            Ok(None) => Ok(Vec::new()),
            Err(PortError::Permanent { why }) => Err(why),
            Err(other) => return Err(other),
        };
        Ok(Read { version: version.to_owned(), lines })
    }
}

fn timetable(workflow: Workflow, default_branch: &str, read: Read) -> Option<Timetable> {
    let activity = workflow.activity()?;
    let default_branch = default_branch.to_owned();
    Some(Timetable { id: workflow.id, path: workflow.path, name: workflow.name.into(), activity, default_branch, read })
}

#[async_trait]
impl Timetables for GitHub {
    async fn timetables(&self, repo: &Repo, known: &BTreeMap<String, Read>) -> Result<Vec<Timetable>, PortError> {
        let told: Value = self.get(repo, &format!("/repos/{repo}")).await?;
        if told.get("fork").and_then(Value::as_bool).unwrap_or(false) {
            return Ok(Vec::new());
        }
        let branch = told.get("default_branch").and_then(Value::as_str).unwrap_or("main");
        let files = self.files(repo).await?;
        let (mut all, mut reads) = (Vec::new(), 0);
        for workflow in self.workflows(repo).await? {
            // What is on another branch alone runs by no clock.
            let Some(version) = files.get(&workflow.path) else { continue };
            let read = match known.get(&workflow.path).filter(|read| read.version == *version) {
                Some(read) => read.clone(),
                None if reads == READS_MAX => match known.get(&workflow.path) {
                    Some(before) => before.clone(),
                    None => continue,
                },
                None => {
                    reads += 1;
                    self.read(repo, &workflow.path, version).await?
                }
            };
            all.extend(timetable(workflow, branch, read));
        }
        Ok(all)
    }

    async fn timetable(&self, repo: &Repo, workflow: &Untrusted) -> Result<Option<Timetable>, PortError> {
        let found = self.workflows(repo).await?.into_iter().find(|one| one.name == workflow.raw());
        let Some(found) = found.filter(|one| one.path.starts_with(FOLDER)) else { return Ok(None) };
        let read = self.read(repo, &found.path, "").await?;
        Ok(timetable(found, "", read))
    }

    async fn by_the_clock(&self, repo: &Repo, workflow: u64) -> Result<Vec<RunFacts>, PortError> {
        let path = format!("/repos/{repo}/actions/workflows/{workflow}/runs?event=schedule&per_page={RUNS}");
        let found: Runs = self.get(repo, &path).await?;
        Ok(found.workflow_runs.into_iter().map(|run| run_facts(repo, run)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::lines;

    #[test]
    fn cron_lines_of_workflows() {
        for (text, want) in [
            ("on:\n  schedule:\n    - cron: '0 3 * * *'\n", Ok(vec![("0 3 * * *", None)])),
            ("\"on\":\n  schedule: [{cron: \"*/5 * * * *\"}]\n", Ok(vec![("*/5 * * * *", None)])),
            (
                "on:\n  push:\n  schedule:\n  - cron: 30 2 * * *\n    timezone: Europe/Berlin\n  - cron: 0 0 1 * *\n",
                Ok(vec![("30 2 * * *", Some("Europe/Berlin")), ("0 0 1 * *", None)]),
            ),
            ("x: &s\n  - cron: 1 1 * * *\non:\n  schedule: *s\n", Ok(vec![("1 1 * * *", None)])),
            ("on: push\n", Ok(vec![])),
            ("on: [push, schedule]\n", Ok(vec![])),
            ("on:\n  schedule:\n", Ok(vec![])),
            ("on:\n  schedule:\n    - crno: 0 3 * * *\n", Err("an entry of on.schedule has no cron")),
            ("", Ok(vec![])),
        ] {
            let found = lines(text).map(|all| {
                let pair = |line: &crate::domain::cron::Line| {
                    (line.cron.raw().to_owned(), line.zone.as_ref().map(|zone| zone.raw().to_owned()))
                };
                all.iter().map(pair).collect::<Vec<_>>()
            });
            let own = |(cron, zone): (&str, Option<&str>)| (cron.to_owned(), zone.map(str::to_owned));
            assert_eq!(found, want.map(|all| all.into_iter().map(own).collect()).map_err(str::to_owned), "{text}");
        }
        assert!(lines("on: {schedule: [\n").is_err());
    }
}
