//! Pull requests that we make, and those that people made: asked for, opened, closed.

use super::api::{GitHub, refused, segment};
use crate::domain::action::{Made, MadeKind};
use crate::domain::facts::PullOf;
use crate::domain::head;
use crate::domain::ids::Repo;
use crate::domain::refs::OwnBranch;
use crate::domain::text::Untrusted;
use crate::domain::time::Time;
use crate::ports::{KnownRepo, NewPull, PortError, Pulled};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// Commits of one pull request that are looked at (docs.github.com, "List commits on a pull request": 250 at most).
const COMMITS_MAX: usize = 250;
/// A body, in characters (docs.github.com).
const BODY_MAX: usize = 65_536;

/// The pull request, if it is open and its head is at this commit.
fn open_at(repo: &Repo, pull: &Value, sha: &str) -> Option<PullOf> {
    let text = |pointer: &str| pull.pointer(pointer).and_then(Value::as_str);
    if text("/state") != Some("open") || text("/head/sha") != Some(sha) {
        return None;
    }
    let fork = text("/head/repo/full_name").is_none_or(|name| !name.eq_ignore_ascii_case(repo.as_str()));
    Some(PullOf { number: pull.get("number")?.as_u64()?, fork })
}

fn stamp(text: &str) -> Option<Time> {
    chrono::DateTime::parse_from_rfc3339(text).ok().map(|at| Time(at.timestamp_millis()))
}

impl GitHub {
    pub(super) async fn pulled(&self, repo: &Repo, number: u64) -> Result<Pulled, PortError> {
        let pull: Value = self.get(repo, &format!("/repos/{repo}/pulls/{number}")).await?;
        let text = |pointer: &str| pull.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let merged = pull.get("merged").and_then(Value::as_bool).unwrap_or(false);
        let merge_commit = text("/merge_commit_sha").filter(|_| merged);
        let messages = if merged { self.messages(repo, number).await? } else { Vec::new() };
        Ok(Pulled {
            title: text("/title").unwrap_or_default().into(),
            onto: text("/base/ref").unwrap_or_default(),
            merge_commit,
            default_branch: text("/base/repo/default_branch"),
            closed: !merged && text("/state").as_deref() == Some("closed"),
            merged_at: text("/merged_at").and_then(|at| stamp(&at)),
            messages,
        })
    }

    async fn messages(&self, repo: &Repo, number: u64) -> Result<Vec<String>, PortError> {
        let mut all = Vec::new();
        for page in 1..=COMMITS_MAX.div_ceil(100) {
            let path = format!("/repos/{repo}/pulls/{number}/commits?per_page=100&page={page}");
            let commits: Vec<Value> = self.get(repo, &path).await?;
            let message = |commit: &Value| commit.pointer("/commit/message").and_then(Value::as_str).map(str::to_owned);
            all.extend(commits.iter().map(|commit| message(commit).unwrap_or_default()));
            if commits.len() < 100 {
                break;
            }
        }
        Ok(all)
    }

    /// `admin`, `write`, `read` or `none`, asked at this moment and not remembered (docs.github.com, "Get repository
    /// permissions for a user"): being a contributor or a member of the organisation is not enough.
    pub(super) async fn permission(&self, repo: &Repo, login: &str) -> Result<Option<String>, PortError> {
        let path = format!("/repos/{repo}/collaborators/{}/permission", segment(login));
        let answer = self.call("GET", Some(repo), &path, None).await?;
        if !answer.status.is_success() && answer.status != StatusCode::NOT_FOUND {
            return Err(refused(&answer));
        }
        let permission = answer.json::<Value>().unwrap_or_default();
        Ok(permission.get("permission").and_then(Value::as_str).map(str::to_owned))
    }

    /// The number of the account with this login (docs.github.com, "Get a user").
    pub(super) async fn number_of(&self, repo: &Repo, login: &str) -> Result<Option<u64>, PortError> {
        let answer = self.call("GET", Some(repo), &format!("/users/{}", segment(login)), None).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let id = answer.json::<Value>()?.get("id").and_then(Value::as_u64);
        id.map(Some).ok_or_else(|| PortError::permanent("GitHub's answer names no account"))
    }

    /// The repository as it is named now. Without a word on its privacy it is private.
    pub(super) async fn known(&self, repo: &Repo) -> Result<Option<KnownRepo>, PortError> {
        let answer = self.call("GET", Some(repo), &format!("/repos/{repo}"), None).await?;
        if matches!(answer.status, StatusCode::NOT_FOUND | StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS) {
            return Ok(None);
        }
        if !answer.status.is_success() {
            return Err(refused(&answer));
        }
        let found: Value = answer.json()?;
        let name = found.get("full_name").and_then(Value::as_str).and_then(|name| name.parse().ok());
        let private = found.get("private").and_then(Value::as_bool).unwrap_or(true);
        Ok(name.map(|name| KnownRepo { name, private }))
    }

    /// By the fork's branch, else by the commit (docs.github.com, "List pull requests" and "List pull requests
    /// associated with a commit"): the open one whose head is at this commit.
    pub(super) async fn pull_with_head(
        &self,
        repo: &Repo,
        label: &Untrusted,
        sha: &str,
    ) -> Result<Option<PullOf>, PortError> {
        if head::fork(label).is_some() {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("state", "open")
                .append_pair("head", label.raw())
                .finish();
            let found: Vec<Value> = self.get(repo, &format!("/repos/{repo}/pulls?{query}")).await?;
            if let Some(pull) = found.iter().find_map(|pull| open_at(repo, pull, sha)) {
                return Ok(Some(pull));
            }
        }
        let path = format!("/repos/{repo}/commits/{}/pulls", segment(sha));
        let found: Vec<Value> = self.get(repo, &path).await?;
        Ok(found.iter().find_map(|pull| open_at(repo, pull, sha)))
    }

    /// The newest pull request from a branch of ours, in whatever state.
    async fn newest_of(&self, repo: &Repo, branch: &OwnBranch) -> Result<Option<Value>, PortError> {
        let head = format!("{}:{}", repo.owner(), branch.as_str());
        let query: String = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("state", "all")
            .append_pair("head", &head)
            .append_pair("per_page", "1")
            .finish();
        let found: Vec<Value> = self.get(repo, &format!("/repos/{repo}/pulls?{query}")).await?;
        Ok(found.into_iter().next())
    }

    pub(super) async fn pull_from(&self, repo: &Repo, pull: &NewPull<'_>) -> Result<Made, PortError> {
        let found = match self.newest_of(repo, pull.branch).await? {
            Some(found) => found,
            None => self.create(repo, pull).await?,
        };
        let number = found.get("number").and_then(Value::as_u64);
        let number = number.ok_or_else(|| PortError::ambiguous("GitHub's answer has no number"))?;
        for label in pull.labels {
            match self.label(repo, number, label, true).await {
                // The pull request is there; without the permission it goes without a label.
                Err(PortError::Permanent { why }) => {
                    tracing::warn!(%repo, number, label, %why, "could not add a label");
                }
                other => other?,
            }
        }
        let url = found.get("html_url").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Made { what: MadeKind::Pull, number, url })
    }

    async fn create(&self, repo: &Repo, pull: &NewPull<'_>) -> Result<Value, PortError> {
        let body: String = pull.body.chars().take(BODY_MAX).collect();
        let body = json!({
            "title": pull.title, "head": pull.branch.as_str(), "base": pull.onto.as_str(), "body": body,
            "draft": pull.draft, "maintainer_can_modify": true,
        });
        let answer = self.call("POST", Some(repo), &format!("/repos/{repo}/pulls"), Some(&body)).await?;
        if answer.status.is_success() { answer.json() } else { Err(refused(&answer)) }
    }

    pub(super) async fn close_pull(&self, repo: &Repo, branch: &OwnBranch) -> Result<(), PortError> {
        let Some(found) = self.newest_of(repo, branch).await? else { return Ok(()) };
        let number = found.get("number").and_then(Value::as_u64).unwrap_or(0);
        if found.get("merged_at").is_some_and(|at| !at.is_null()) {
            return Err(PortError::permanent(format!("#{number} is merged: to undo it, use `revert pr={number}`")));
        }
        if found.get("state").and_then(Value::as_str) == Some("closed") {
            return Ok(());
        }
        self.write("PATCH", repo, &format!("/repos/{repo}/pulls/{number}"), Some(&json!({"state": "closed"}))).await
    }
}

impl GitHub {
    /// By whichever way the repository allows, as one commit first (docs.github.com, "Merge a pull request": 405 where a
    /// way is not allowed, 409 where the head is another).
    pub(super) async fn merge_pull(&self, repo: &Repo, branch: &OwnBranch, sha: &str) -> Result<(), PortError> {
        let Some(found) = self.newest_of(repo, branch).await? else {
            return Err(PortError::permanent("its pull request is gone"));
        };
        if found.get("merged_at").is_some_and(|at| !at.is_null()) {
            return Ok(());
        }
        if found.get("state").and_then(Value::as_str) == Some("closed") {
            return Err(PortError::permanent("its pull request was closed"));
        }
        let number = found.get("number").and_then(Value::as_u64).unwrap_or(0);
        let path = format!("/repos/{repo}/pulls/{number}/merge");
        let mut last = PortError::permanent("the repository allows no way to merge it");
        for way in ["squash", "merge", "rebase"] {
            let answer = self.call("PUT", Some(repo), &path, Some(&json!({"sha": sha, "merge_method": way}))).await?;
            match answer.status {
                status if status.is_success() => return Ok(()),
                StatusCode::METHOD_NOT_ALLOWED => last = PortError::permanent(refused(&answer).why()),
                StatusCode::CONFLICT => return Err(PortError::permanent("its head has changed")),
                _ => return Err(refused(&answer)),
            }
        }
        Err(last)
    }
}
