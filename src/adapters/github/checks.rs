//! Check runs: those at a commit, and our own, which are looked for before anything is written.

use super::api::{GitHub, refused, segment};
use super::auth::Credentials;
use super::payload::App;
use crate::domain::commit_check::CheckSeen;
use crate::domain::event::Conclusion;
use crate::domain::ids::Repo;
use crate::ports::{CheckSaid, PortError};
use serde::Deserialize;
use serde_json::{Value, json};

/// A page, and pages at most (docs.github.com, "List check runs for a Git reference": 1,000 check suites).
const PAGE: usize = 100;
const PAGES: usize = 10;
/// GitHub's limits of a title and a summary, in characters.
const TITLE_MAX: usize = 250;
const SUMMARY_MAX: usize = 65_535;
/// Annotations of one call (docs.github.com, "Update a check run").
const ANNOTATIONS_MAX: usize = 50;

#[derive(Deserialize)]
struct Checks {
    check_runs: Vec<Told>,
}

#[derive(Deserialize)]
struct Told {
    id: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    status: String,
    conclusion: Option<Conclusion>,
    details_url: Option<String>,
    external_id: Option<String>,
    app: Option<App>,
    #[serde(default)]
    output: Output,
}

#[derive(Default, Deserialize)]
struct Output {
    title: Option<String>,
    summary: Option<String>,
    #[serde(default)]
    annotations_count: u64,
}

#[derive(Deserialize)]
struct Statuses {
    statuses: Vec<Status>,
}

#[derive(Deserialize)]
struct Status {
    context: String,
    state: String,
}

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// A status in the words of checks; `None` while it is pending.
fn ended(state: &str) -> Option<Conclusion> {
    match state {
        "pending" => None,
        "success" => Some(Conclusion::Success),
        "failure" | "error" => Some(Conclusion::Failure),
        _ => Some(Conclusion::Other),
    }
}

impl GitHub {
    /// Only an App makes check runs, and by it ours are known from those of others.
    fn own_app(&self) -> Result<u64, PortError> {
        match &*self.credentials() {
            Credentials::App { id, .. } => Ok(*id),
            _ => Err(PortError::permanent("only a GitHub App can write check runs: set github.app_id")),
        }
    }

    async fn listed(&self, repo: &Repo, sha: &str, query: &[(&str, &str)]) -> Result<Vec<Told>, PortError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let query: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
            let sha = segment(sha);
            let path = format!("/repos/{repo}/commits/{sha}/check-runs?{query}&per_page={PAGE}&page={page}");
            let found: Checks = self.get(repo, &path).await?;
            let last = found.check_runs.len() < PAGE;
            all.extend(found.check_runs);
            if last {
                return Ok(all);
            }
        }
        Err(PortError::permanent(format!("more than {} check runs are at the commit", PAGE * PAGES)))
    }

    pub(super) async fn seen_at(&self, repo: &Repo, sha: &str) -> Result<Vec<CheckSeen>, PortError> {
        let own = self.own_app()?;
        let runs = self.listed(repo, sha, &[("filter", "latest")]).await?;
        let others = runs.into_iter().filter(|check| check.app.as_ref().is_none_or(|app| app.id != own));
        let mut all: Vec<CheckSeen> = others
            .map(|check| {
                let actions = check.app.as_ref().is_some_and(|app| app.slug == "github-actions");
                let run = check.details_url.as_deref().filter(|_| actions).and_then(super::decode::actions_run);
                CheckSeen {
                    name: check.name.into(),
                    run,
                    job: run.map(|_| check.id),
                    conclusion: check.conclusion.filter(|_| check.status == "completed"),
                }
            })
            .collect();
        all.extend(self.statuses_at(repo, sha).await?);
        Ok(all)
    }

    async fn statuses_at(&self, repo: &Repo, sha: &str) -> Result<Vec<CheckSeen>, PortError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let path = format!("/repos/{repo}/commits/{}/status?per_page={PAGE}&page={page}", segment(sha));
            let found: Statuses = self.get(repo, &path).await?;
            let last = found.statuses.len() < PAGE;
            all.extend(found.statuses.into_iter().map(|status| CheckSeen {
                name: status.context.into(),
                run: None,
                job: None,
                conclusion: ended(&status.state),
            }));
            if last {
                return Ok(all);
            }
        }
        Err(PortError::permanent(format!("more than {} statuses are at the commit", PAGE * PAGES)))
    }

    /// Our newest check run of this name and marker at the commit.
    async fn own_check(
        &self,
        repo: &Repo,
        sha: &str,
        name: &str,
        marker: Option<&str>,
    ) -> Result<Option<Told>, PortError> {
        // GitHub shows the newest of a name only, unless it is asked for all.
        let found = self.listed(repo, sha, &[("check_name", name), ("filter", "all")]).await?;
        let own = match &*self.credentials() {
            Credentials::App { id, .. } => Some(*id),
            _ => None,
        };
        let ours = |check: &Told| {
            let app = check.app.as_ref().map(|app| app.id);
            (own.is_none() || app.is_none() || app == own)
                && marker.is_none_or(|m| check.external_id.as_deref() == Some(m))
        };
        Ok(found.into_iter().filter(ours).max_by_key(|check| check.id))
    }

    pub(super) async fn say(&self, repo: &Repo, sha: &str, said: &CheckSaid<'_>) -> Result<(), PortError> {
        self.own_app()?;
        let (title, summary) = (cut(said.title, TITLE_MAX), cut(said.summary, SUMMARY_MAX));
        let mut body = json!({
            "name": said.name, "external_id": said.marker, "status": "in_progress",
            "output": {"title": title, "summary": summary},
        });
        if let Some(conclusion) = said.conclusion {
            (body["status"], body["conclusion"]) = ("completed".into(), conclusion.into());
        }
        let found = self.own_check(repo, sha, said.name, Some(said.marker)).await?;
        match found {
            Some(have) if is_said(&have, said, &title, &summary) => Ok(()),
            // What has ended stays so: going on is another run of the same name, which takes its place.
            Some(have) if said.conclusion.is_some() || have.status != "completed" => {
                self.write("PATCH", repo, &format!("/repos/{repo}/check-runs/{}", have.id), Some(&body)).await
            }
            _ => {
                body["head_sha"] = sha.into();
                self.write("POST", repo, &format!("/repos/{repo}/check-runs"), Some(&body)).await
            }
        }
    }

    /// A check run that has ended, with annotations: GitHub takes 50 a call, and adds those of later calls to the first.
    pub(super) async fn check(&self, repo: &Repo, sha: &str, name: &str, body: &Value) -> Result<(), PortError> {
        let marker = body.get("external_id").and_then(Value::as_str);
        let found = self.own_check(repo, sha, name, marker).await?;
        let mut wanted = body.pointer("/output/annotations").and_then(Value::as_array).cloned().unwrap_or_default();
        if let Some(have) = found.as_ref().filter(|have| have.output.annotations_count > 0 && !wanted.is_empty()) {
            let there = self.annotated(repo, have.id).await?;
            wanted.retain(|one| !there.iter().any(|have| is_same(have, one)));
        }
        let mut parts = wanted.chunks(ANNOTATIONS_MAX);
        let first = with_annotations(body, parts.next().unwrap_or_default());
        let id = if let Some(have) = found {
            self.update(repo, have.id, &first).await?;
            have.id
        } else {
            let answer = self.call("POST", Some(repo), &format!("/repos/{repo}/check-runs"), Some(&first)).await?;
            if !answer.status.is_success() {
                return Err(refused(&answer));
            }
            let id = answer.json::<Value>()?.get("id").and_then(Value::as_u64);
            id.ok_or_else(|| PortError::ambiguous("GitHub's answer names no check run"))?
        };
        for part in parts {
            self.update(repo, id, &with_annotations(body, part)).await?;
        }
        Ok(())
    }

    async fn update(&self, repo: &Repo, id: u64, body: &Value) -> Result<(), PortError> {
        let mut body = body.clone();
        // A check run stays at its commit.
        body.as_object_mut().map(|body| body.remove("head_sha"));
        self.write("PATCH", repo, &format!("/repos/{repo}/check-runs/{id}"), Some(&body)).await
    }

    async fn annotated(&self, repo: &Repo, id: u64) -> Result<Vec<Value>, PortError> {
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let path = format!("/repos/{repo}/check-runs/{id}/annotations?per_page={PAGE}&page={page}");
            let found: Vec<Value> = self.get(repo, &path).await?;
            let last = found.len() < PAGE;
            all.extend(found);
            if last {
                break;
            }
        }
        Ok(all)
    }
}

fn is_said(have: &Told, said: &CheckSaid<'_>, title: &str, summary: &str) -> bool {
    let conclusion = have.conclusion.filter(|_| have.status == "completed").map(Conclusion::as_str);
    let same = |have: &Option<String>, want: &str| have.as_deref().unwrap_or_default() == want;
    conclusion == said.conclusion && same(&have.output.title, title) && same(&have.output.summary, summary)
}

/// The same line of the same file, whatever is said of it.
fn is_same(have: &Value, want: &Value) -> bool {
    ["path", "start_line"].iter().all(|key| have.get(key) == want.get(key))
}

fn with_annotations(body: &Value, annotations: &[Value]) -> Value {
    let mut body = body.clone();
    if let Some(output) = body.get_mut("output").and_then(Value::as_object_mut) {
        output.remove("annotations");
        if !annotations.is_empty() {
            output.insert("annotations".into(), annotations.to_vec().into());
        }
    }
    body
}
