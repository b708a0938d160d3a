//! Issues that we open: found again by a hidden marker among those that carry our label.

use super::api::{GitHub, refused, segment};
use crate::domain::action::{Made, MadeKind, OWN_LABEL};
use crate::domain::ids::Repo;
use crate::ports::{NewIssue, PortError};
use axum::http::StatusCode;
use serde_json::{Value, json};

/// A body, in characters (docs.github.com).
const BODY_MAX: usize = 65_536;
/// Pages of our issues that are looked through, newest first.
const PAGES: usize = 5;
/// Assignees of one issue (docs.github.com, "Create an issue").
const ASSIGNEES_MAX: usize = 10;

impl GitHub {
    pub(super) async fn issue_of(&self, repo: &Repo, issue: &NewIssue<'_>) -> Result<Option<Made>, PortError> {
        let found = match self.marked(repo, issue.marker).await? {
            Some(found) => found,
            None => match self.create_issue(repo, issue).await? {
                Some(made) => made,
                None => return Ok(None),
            },
        };
        let number = found.get("number").and_then(Value::as_u64);
        let number = number.ok_or_else(|| PortError::ambiguous("GitHub's answer has no number"))?;
        let url = found.get("html_url").and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Some(Made { what: MadeKind::Issue, number, url }))
    }

    async fn create_issue(&self, repo: &Repo, issue: &NewIssue<'_>) -> Result<Option<Value>, PortError> {
        let hidden = hidden(issue.marker);
        let body: String = issue.body.chars().take(BODY_MAX - hidden.len() - 1).collect();
        let assignees = self.assignable(repo, issue.assignees).await?;
        let body = json!({
            "title": issue.title, "body": format!("{hidden}\n{body}"), "labels": issue.labels, "assignees": assignees,
        });
        let answer = self.call("POST", Some(repo), &format!("/repos/{repo}/issues"), Some(&body)).await?;
        match answer.status {
            status if status.is_success() => answer.json().map(Some),
            StatusCode::GONE => Ok(None),
            _ => Err(refused(&answer)),
        }
    }

    /// GitHub refuses the whole issue for one name that cannot be assigned.
    async fn assignable<'a>(&self, repo: &Repo, logins: &[&'a str]) -> Result<Vec<&'a str>, PortError> {
        let mut may = Vec::new();
        for login in logins.iter().take(ASSIGNEES_MAX) {
            let path = format!("/repos/{repo}/assignees/{}", segment(login));
            let answer = self.call("GET", Some(repo), &path, None).await?;
            match answer.status {
                StatusCode::NO_CONTENT => may.push(*login),
                StatusCode::NOT_FOUND => {}
                _ => return Err(refused(&answer)),
            }
        }
        Ok(may)
    }

    /// Our issue with this marker, in whatever state.
    async fn marked(&self, repo: &Repo, marker: &str) -> Result<Option<Value>, PortError> {
        let hidden = hidden(marker);
        let login = self.own_login().await?;
        for page in 1..=PAGES {
            let query: String = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("labels", OWN_LABEL)
                .append_pair("state", "all")
                .append_pair("per_page", "100")
                .append_pair("page", &page.to_string())
                .finish();
            let found: Vec<Value> = self.get(repo, &format!("/repos/{repo}/issues?{query}")).await?;
            let ours = found.iter().find(|issue| {
                let body = issue.get("body").and_then(Value::as_str).unwrap_or_default();
                body.starts_with(&hidden)
                    && issue.get("pull_request").is_none()
                    && self.is_ours(issue, login.as_deref())
            });
            if let Some(ours) = ours {
                return Ok(Some(ours.clone()));
            }
            if found.len() < 100 {
                break;
            }
        }
        Ok(None)
    }

    pub(super) async fn close_issue(&self, repo: &Repo, marker: &str) -> Result<(), PortError> {
        let Some(found) = self.marked(repo, marker).await? else { return Ok(()) };
        if found.get("state").and_then(Value::as_str) == Some("closed") {
            return Ok(());
        }
        let number = found.get("number").and_then(Value::as_u64).unwrap_or(0);
        let body = json!({"state": "closed", "state_reason": "not_planned"});
        self.write("PATCH", repo, &format!("/repos/{repo}/issues/{number}"), Some(&body)).await
    }
}

fn hidden(marker: &str) -> String {
    format!("<!-- {marker} -->")
}
