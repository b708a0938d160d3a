//! GitHub as a forge: heads, labels, comments, check runs. Each write looks first.

use super::api::{GitHub, refused, segment};
use super::auth::Credentials;
use crate::domain::action::{Action, Made};
use crate::domain::commit_check::CheckSeen;
use crate::domain::facts::PullOf;
use crate::domain::ids::Repo;
use crate::domain::refs::OwnBranch;
use crate::domain::text::Untrusted;
use crate::ports::{Advisory, CheckSaid, Forge, KnownRepo, NewIssue, NewPull, PortError, Pulled};
use async_trait::async_trait;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// GitHub's limits, in characters.
const COMMENT_MAX: usize = 65_536;
const CHECK_MAX: usize = 65_535;
/// Pages of comments looked through for our own.
const PAGES: usize = 10;

#[async_trait]
impl Forge for GitHub {
    async fn head(&self, repo: &Repo, branch: &Untrusted, pull: Option<u64>) -> Result<Option<String>, PortError> {
        let (path, pointer) = match pull {
            Some(number) => (format!("/repos/{repo}/pulls/{number}"), "/head/sha"),
            None => (format!("/repos/{repo}/branches/{}", segment(branch.raw())), "/commit/sha"),
        };
        let answer = self.call("GET", Some(repo), &path, None).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let value: Value = answer.json()?;
                Ok(value.pointer(pointer).and_then(Value::as_str).map(str::to_owned))
            }
            _ => Err(refused(&answer)),
        }
    }

    async fn commit_message(&self, repo: &Repo, sha: &str) -> Result<Untrusted, PortError> {
        if sha.is_empty() {
            return Err(PortError::permanent("the commit is not known"));
        }
        let value: Value = self.get(repo, &format!("/repos/{repo}/commits/{}", segment(sha))).await?;
        let message = value.pointer("/commit/message").and_then(Value::as_str).unwrap_or_default();
        Ok(message.into())
    }

    async fn branches(&self, repo: &Repo) -> Result<Vec<String>, PortError> {
        super::branches::all(self, repo).await
    }

    async fn is_protected(&self, repo: &Repo, branch: &Untrusted) -> Result<bool, PortError> {
        let found: Value = self.get(repo, &format!("/repos/{repo}/branches/{}", segment(branch.raw()))).await?;
        Ok(found.get("protected").and_then(Value::as_bool).unwrap_or(false))
    }

    async fn author(&self, repo: &Repo, sha: &str) -> Result<Option<String>, PortError> {
        let value: Value = self.get(repo, &format!("/repos/{repo}/commits/{}", segment(sha))).await?;
        let person = value.pointer("/author/type").and_then(Value::as_str) == Some("User");
        Ok(value.pointer("/author/login").and_then(Value::as_str).filter(|_| person).map(str::to_owned))
    }

    async fn file(&self, repo: &Repo, path: &str, max: usize) -> Result<Option<String>, PortError> {
        self.text_of(repo, path, max).await
    }

    fn clone_url(&self, repo: &Repo) -> String {
        self.clone_address(repo)
    }

    async fn pull(&self, repo: &Repo, number: u64) -> Result<Pulled, PortError> {
        self.pulled(repo, number).await
    }

    async fn pull_of(&self, repo: &Repo, head: &Untrusted, sha: &str) -> Result<Option<PullOf>, PortError> {
        self.pull_with_head(repo, head, sha).await
    }

    async fn repository(&self, repo: &Repo) -> Result<Option<KnownRepo>, PortError> {
        self.known(repo).await
    }

    async fn team(&self, repo: &Repo, organization: &str, team: &str) -> Result<Vec<String>, PortError> {
        #[derive(serde::Deserialize)]
        struct Member {
            login: String,
        }
        let path = format!("/orgs/{organization}/teams/{team}/members?per_page=100");
        let members: Vec<Member> = self.get(repo, &path).await?;
        Ok(members.into_iter().map(|member| member.login).collect())
    }

    async fn account_id(&self, repo: &Repo, login: &str) -> Result<Option<u64>, PortError> {
        self.number_of(repo, login).await
    }

    async fn may_read(&self, repo: &Repo, login: &str) -> Result<bool, PortError> {
        Ok(self.permission(repo, login).await?.is_some_and(|may| may != "none"))
    }

    async fn may_write(&self, repo: &Repo, login: &str) -> Result<bool, PortError> {
        Ok(matches!(self.permission(repo, login).await?.as_deref(), Some("admin" | "write")))
    }

    async fn advisories(
        &self,
        repo: &Repo,
        ecosystem: &str,
        package: &str,
        version: &str,
    ) -> Result<Vec<Advisory>, PortError> {
        self.advisories_of(repo, ecosystem, package, version).await
    }

    async fn open_pull(&self, repo: &Repo, pull: &NewPull<'_>) -> Result<Made, PortError> {
        self.pull_from(repo, pull).await
    }

    async fn merge(&self, repo: &Repo, branch: &OwnBranch, sha: &str) -> Result<(), PortError> {
        self.merge_pull(repo, branch, sha).await
    }

    async fn open_issue(&self, repo: &Repo, issue: &NewIssue<'_>) -> Result<Option<Made>, PortError> {
        self.issue_of(repo, issue).await
    }

    async fn checks_at(&self, repo: &Repo, sha: &str) -> Result<Vec<CheckSeen>, PortError> {
        self.seen_at(repo, sha).await
    }

    async fn say_check(&self, repo: &Repo, sha: &str, said: &CheckSaid<'_>) -> Result<(), PortError> {
        self.say(repo, sha, said).await
    }

    async fn ensure(&self, action: &Action) -> Result<(), PortError> {
        match action {
            Action::PullClosed { repo, branch } => self.close_pull(repo, branch).await,
            Action::IssueClosed { repo, marker } => self.close_issue(repo, marker).await,
            Action::Label { repo, number, label, present } => self.label(repo, *number, label, *present).await,
            Action::Comment { repo, number, marker, body } => self.comment(repo, *number, marker, body).await,
            Action::Check { repo, sha, name, conclusion, title, summary } => {
                let body = json!({
                    "name": name, "head_sha": sha, "status": "completed", "conclusion": conclusion,
                    "output": {"title": cut(title, 250), "summary": cut(summary, CHECK_MAX)},
                });
                self.check(repo, sha, name, &body).await
            }
            _ => Err(PortError::permanent("that is not for the forge")),
        }
    }
}

fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

impl GitHub {
    pub(super) async fn write(
        &self,
        method: &str,
        repo: &Repo,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(), PortError> {
        let answer = self.call(method, Some(repo), path, body).await?;
        if answer.status.is_success() { Ok(()) } else { Err(refused(&answer)) }
    }

    pub(super) async fn label(&self, repo: &Repo, number: u64, label: &str, present: bool) -> Result<(), PortError> {
        let labels: Vec<Value> = self.get(repo, &format!("/repos/{repo}/issues/{number}/labels?per_page=100")).await?;
        let there = labels.iter().any(|have| have.get("name").and_then(Value::as_str) == Some(label));
        match (there, present) {
            (false, true) => {
                self.write(
                    "POST",
                    repo,
                    &format!("/repos/{repo}/issues/{number}/labels"),
                    Some(&json!({"labels": [label]})),
                )
                .await
            }
            (true, false) => {
                self.write("DELETE", repo, &format!("/repos/{repo}/issues/{number}/labels/{}", segment(label)), None)
                    .await
            }
            _ => Ok(()),
        }
    }

    /// One comment of ours with this marker.
    pub(super) async fn comment(&self, repo: &Repo, number: u64, marker: &str, body: &str) -> Result<(), PortError> {
        let hidden = format!("<!-- {marker} -->");
        let text = format!("{hidden}\n{}", cut(body, COMMENT_MAX - hidden.len() - 1));
        match self.own_comment(repo, number, &|body| body.starts_with(&hidden)).await? {
            Some((_, have)) if have == text => Ok(()),
            Some((id, _)) => {
                self.write("PATCH", repo, &format!("/repos/{repo}/issues/comments/{id}"), Some(&json!({"body": text})))
                    .await
            }
            None => {
                self.write(
                    "POST",
                    repo,
                    &format!("/repos/{repo}/issues/{number}/comments"),
                    Some(&json!({"body": text})),
                )
                .await
            }
        }
    }

    /// A marker that somebody else copied into a comment of theirs does not make it ours.
    pub(super) async fn own_comment(
        &self,
        repo: &Repo,
        number: u64,
        is: &(dyn Fn(&str) -> bool + Sync),
    ) -> Result<Option<(u64, String)>, PortError> {
        let login = self.own_login().await?;
        for page in 1..=PAGES {
            let path = format!("/repos/{repo}/issues/{number}/comments?per_page=100&page={page}");
            let comments: Vec<Value> = self.get(repo, &path).await?;
            for comment in &comments {
                let body = comment.get("body").and_then(Value::as_str).unwrap_or_default();
                if is(body) && self.is_ours(comment, login.as_deref()) {
                    return Ok(comment.get("id").and_then(Value::as_u64).map(|id| (id, body.to_owned())));
                }
            }
            if comments.len() < 100 {
                break;
            }
        }
        Ok(None)
    }

    pub(super) fn is_ours(&self, comment: &Value, login: Option<&str>) -> bool {
        let app = comment.pointer("/performed_via_github_app/id").and_then(Value::as_u64);
        match &*self.credentials() {
            Credentials::App { id, .. } if app.is_some() => app == Some(*id),
            // GitHub does not always say which App it was.
            _ => login.is_some() && comment.pointer("/user/login").and_then(Value::as_str) == login,
        }
    }
}
