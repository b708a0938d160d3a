//! Webhooks, generated from the state.

use super::state::{Job, Run, State};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// A delivery as GitHub would send it.
#[derive(Clone, Debug)]
pub struct Hook {
    pub id: String,
    pub event: &'static str,
    pub body: String,
}

/// The value of `X-Hub-Signature-256`.
#[must_use]
pub fn sign(secret: &str, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return String::new() };
    mac.update(body);
    format!("sha256={}", crate::domain::ids::hex(&mac.finalize().into_bytes()))
}

pub fn stamp(at: i64) -> String {
    let at = chrono::DateTime::from_timestamp_millis(at).unwrap_or_default();
    at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

impl State {
    pub(super) fn push(&mut self, event: &'static str, body: &Value) {
        let n = self.fresh();
        let id = format!("00000000-0000-4000-8000-{n:012}");
        self.hooks.push_back(Hook { id, event, body: body.to_string() });
    }

    pub fn tell_started(&mut self, id: u64) {
        self.tell_run(id, "in_progress");
        let Some(run) = self.runs.get(&id) else { return };
        let jobs: Vec<u64> = run
            .attempts
            .last()
            .into_iter()
            .flatten()
            .filter(|job| job.conclusion.is_none())
            .map(|job| job.id)
            .collect();
        for job in jobs {
            self.tell_job(id, job);
        }
    }

    pub fn tell_run(&mut self, id: u64, action: &str) {
        let Some(run) = self.runs.get(&id) else { return };
        let body = json!({"action": action, "workflow_run": self.run_json(run), "repository": self.repository_json(&run.spec.repo),
            "sender": account(&run.spec.sender)});
        self.push("workflow_run", &body);
    }

    pub fn tell_job(&mut self, id: u64, job: u64) {
        let Some(run) = self.runs.get(&id) else { return };
        let Some((at, found)) = run
            .attempts
            .iter()
            .enumerate()
            .rev()
            .find_map(|(at, jobs)| jobs.iter().find(|j| j.id == job).map(|j| (at, j)))
        else {
            return;
        };
        let action = if found.conclusion.is_some() { "completed" } else { "in_progress" };
        let body = json!({"action": action, "workflow_job": Self::job_json(run, at, found), "repository": self.repository_json(&run.spec.repo),
            "sender": account(&run.spec.sender)});
        self.push("workflow_job", &body);
    }

    /// A comment on a pull request.
    pub fn tell_comment(&mut self, repo: &str, id: u64, action: &str) {
        let found = self.repos.get(repo).and_then(|repo| repo.comments.iter().find(|comment| comment["id"] == id));
        let Some(comment) = found else { return };
        let body = json!({
            "action": action, "comment": comment, "repository": self.repository_json(repo), "sender": comment["user"],
            "issue": {"number": comment["number"], "pull_request": {"url": "{web}/pulls"}, "user": account("ben")},
        });
        self.push("issue_comment", &body);
    }

    /// Something happened to a pull request: `labeled`, `closed`, `synchronize`.
    pub fn tell_pull(&mut self, repo: &str, number: u64, action: &str, by: &str, label: Option<&str>) {
        let found = self.repos.get(repo).and_then(|known| known.pulls.iter().find(|pull| pull.number == number));
        let Some(pull) = found.cloned() else { return };
        let mut body = json!({
            "action": action, "number": number, "pull_request": super::pulls::show(self, repo, &pull),
            "repository": self.repository_json(repo), "sender": account(by),
        });
        if let Some(label) = label {
            body["label"] = json!({"name": label});
        }
        self.push("pull_request", &body);
    }

    /// A review of a run's deployments is asked for, or was given.
    pub fn tell_review(
        &mut self,
        run: u64,
        action: &str,
        environment: Option<&str>,
        reviewers: Option<Vec<Value>>,
        by: &str,
    ) {
        let Some(known) = self.runs.get(&run).cloned() else { return };
        let mut body = json!({
            "action": action, "workflow_run": self.run_json(&known), "since": stamp(known.created_at),
            "repository": self.repository_json(&known.spec.repo), "sender": account(by),
        });
        if let Some(environment) = environment {
            (body["environment"], body["requestor"]) = (environment.into(), account(by));
        }
        if let Some(reviewers) = reviewers {
            body["reviewers"] = reviewers.into();
        }
        self.push("deployment_review", &body);
    }

    /// Something happened to an issue.
    pub fn tell_issue(&mut self, repo: &str, number: u64, action: &str, by: &str) {
        let found = self.repos.get(repo).and_then(|known| known.issues.iter().find(|issue| issue.number == number));
        let Some(issue) = found else { return };
        let body = json!({
            "action": action, "issue": super::issues::show(self, repo, issue),
            "repository": self.repository_json(repo), "sender": account(by),
        });
        self.push("issues", &body);
    }

    /// A repository has this name now.
    pub fn tell_renamed(&mut self, name: &str) {
        let body = json!({"action": "renamed", "repository": self.repository_json(name), "sender": account("ben")});
        self.push("repository", &body);
    }

    /// A branch is gone: GitHub tells it twice.
    pub fn tell_deleted(&mut self, repo: &str, branch: &str, by: &str) {
        let repository = self.repository_json(repo);
        let push = json!({"ref": format!("refs/heads/{branch}"), "after": "0".repeat(40), "deleted": true,
            "repository": repository, "sender": account(by)});
        self.push("push", &push);
        let delete = json!({"ref": branch, "ref_type": "branch", "repository": repository, "sender": account(by)});
        self.push("delete", &delete);
    }

    pub fn repository_json(&self, name: &str) -> Value {
        let (owner, short) = name.split_once('/').unwrap_or(("", name));
        let branch = self.repos.get(name).map_or("main", |repo| repo.default_branch.as_str());
        let id = self.repos.get(name).map_or_else(|| foreign_id(name), |repo| repo.id);
        let fork = self.repos.get(name).is_some_and(|repo| repo.fork);
        json!({"id": id, "name": short, "full_name": name, "private": true, "fork": fork, "owner": account(owner), "default_branch": branch})
    }

    /// What started a run.
    pub fn event_of(&self, run: &Run) -> &'static str {
        let queued = crate::domain::head::queued(&run.spec.branch).is_some();
        match run.spec.pull {
            _ if self.by_clock.contains(&run.id) => "schedule",
            Some(_) => "pull_request",
            None if queued => "merge_group",
            None => "push",
        }
    }

    pub fn run_json(&self, run: &Run) -> Value {
        let spec = &run.spec;
        let (home, branch) = head(&spec.repo, &spec.branch);
        let pulls: Vec<Value> = spec
            .pull
            .iter()
            .filter(|_| home == spec.repo)
            .map(|number| json!({"number": number, "head": {"ref": branch, "sha": spec.sha}}))
            .collect();
        json!({
            "id": run.id, "name": spec.workflow, "run_number": run.id, "run_attempt": run.attempt, "event": self.event_of(run),
            "status": if run.conclusion.is_some() { "completed" } else if self.gates.get(&run.id).is_some_and(|all| !all.is_empty()) { "waiting" } else { "in_progress" }, "conclusion": run.conclusion,
            "head_branch": branch, "head_sha": spec.sha, "html_url": format!("{{web}}/{}/actions/runs/{}", spec.repo, run.id),
            "created_at": stamp(run.created_at), "run_started_at": stamp(run.started_at), "updated_at": stamp(run.updated_at), "pull_requests": pulls,
            "head_commit": {"id": spec.sha, "message": spec.message}, "actor": account(&spec.sender),
            "triggering_actor": account(&spec.sender),
            "repository": self.repository_json(&spec.repo), "head_repository": self.repository_json(&home),
        })
    }

    pub fn job_json(run: &Run, at: usize, job: &Job) -> Value {
        let spec = &run.spec.jobs[job.spec];
        let failed = job.conclusion.is_some_and(|c| c != "success");
        let step = |name: &str, conclusion: Option<&str>, number: u32| json!({"name": name, "status": if conclusion.is_some() { "completed" } else { "in_progress" }, "conclusion": conclusion, "number": number});
        let broken = if failed { job.conclusion } else { job.conclusion.map(|_| "success") };
        let mut steps = vec![step("Set up job", Some("success"), 1), step(&spec.step, broken, 2)];
        steps.extend(spec.failing_too.iter().zip(3..).map(|(name, number)| step(name, broken, number)));
        json!({
            "id": job.id, "run_id": run.id, "run_attempt": at + 1, "workflow_name": run.spec.workflow, "name": spec.name,
            "status": if job.conclusion.is_some() { "completed" } else { "in_progress" }, "conclusion": job.conclusion,
            "started_at": stamp(job.started_at), "completed_at": job.conclusion.map(|_| stamp(job.ended_at)),
            "head_branch": head(&run.spec.repo, &run.spec.branch).1, "head_sha": run.spec.sha,
            "html_url": format!("{{web}}/{}/actions/runs/{}/job/{}", run.spec.repo, run.id, job.id),
            "steps": steps, "labels": ["ubuntu-latest"], "runner_name": "sandbox",
        })
    }
}

/// Where `octo:main`, a fork's branch, or `main`, one of `repo`'s own, is: the repository and the branch's name there.
pub fn head<'a>(repo: &str, branch: &'a str) -> (String, &'a str) {
    let login = |owner: &str| owner.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    match branch.split_once(':') {
        Some((owner, branch)) if login(owner) && branch.parse::<crate::domain::refs::Branch>().is_ok() => {
            let name = repo.split_once('/').map_or(repo, |(_, name)| name);
            (format!("{owner}/{name}"), branch)
        }
        _ => (repo.to_owned(), branch),
    }
}

/// Of a repository that is not here, such as a fork.
fn foreign_id(name: &str) -> u64 {
    1_000_000 + name.bytes().fold(0, |id, byte| (id * 31 + u64::from(byte)) % 1_000_000)
}

pub fn account(login: &str) -> Value {
    json!({"login": login, "id": 1, "type": if login.ends_with("[bot]") { "Bot" } else { "User" }})
}
