//! Deployments that wait for approval (docs.github.com, "Get pending deployments for a workflow run" and "Review pending
//! deployments for a workflow run").

use super::api::{GitHub, refused, segment};
use super::payload::{Account, Run};
use crate::domain::deployment::{Environment, PendingFacts, Review, RunAt};
use crate::domain::ids::{Repo, RunId};
use crate::ports::PortError;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// Reviewers of one environment that are read: GitHub has six at most.
const REVIEWERS_MAX: usize = 20;
/// A comment of a review, in characters.
const COMMENT_MAX: usize = 1_000;

#[derive(Deserialize)]
struct Pending {
    environment: Named,
    #[serde(default)]
    current_user_can_approve: bool,
    #[serde(default)]
    reviewers: Vec<Reviewer>,
}

#[derive(Deserialize)]
struct Named {
    id: u64,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Reviewer {
    #[serde(rename = "type", default)]
    kind: String,
    reviewer: Option<Who>,
}

#[derive(Deserialize)]
struct Who {
    #[serde(default)]
    login: String,
    #[serde(default)]
    slug: String,
}

#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    state: String,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    environments: Vec<Named>,
    user: Option<Account>,
}

fn environment(pending: Pending) -> Environment {
    let (mut users, mut teams) = (Vec::new(), Vec::new());
    for one in pending.reviewers.into_iter().take(REVIEWERS_MAX) {
        match (one.kind.as_str(), one.reviewer) {
            ("User", Some(who)) if !who.login.is_empty() => users.push(who.login),
            ("Team", Some(who)) if !who.slug.is_empty() => teams.push(who.slug),
            _ => {}
        }
    }
    let Named { id, name } = pending.environment;
    Environment { id, name: name.into(), users, teams, ours: pending.current_user_can_approve }
}

/// A pending one is no decision.
fn review(given: Given) -> Option<Review> {
    let approved = match given.state.as_str() {
        "approved" => true,
        "rejected" => false,
        _ => return None,
    };
    Some(Review {
        approved,
        by: given.user.map(|user| user.login).unwrap_or_default().into(),
        environments: given.environments.iter().map(|one| one.id).collect(),
        comment: given.comment.unwrap_or_default().into(),
    })
}

impl GitHub {
    pub(super) async fn pending_at(&self, repo: &Repo, run: RunId) -> Result<PendingFacts, PortError> {
        let told: Run = self.get(repo, &format!("/repos/{repo}/actions/runs/{run}")).await?;
        let pending: Vec<Pending> =
            self.get(repo, &format!("/repos/{repo}/actions/runs/{run}/pending_deployments")).await?;
        let given: Vec<Given> = self.get(repo, &format!("/repos/{repo}/actions/runs/{run}/approvals")).await?;
        let mut starters: Vec<String> = Vec::new();
        for login in [told.actor, told.triggering_actor].into_iter().flatten().map(|account| account.login) {
            if !login.is_empty() && !starters.contains(&login) {
                starters.push(login);
            }
        }
        let all = pending.into_iter().map(environment);
        Ok(PendingFacts {
            // What waits for time alone, or for another App, waits for no person.
            environments: all.filter(|one| !(one.users.is_empty() && one.teams.is_empty())).collect(),
            ended: told.conclusion.filter(|_| told.status == "completed"),
            starters,
            rerun_by: Vec::new(),
            at: RunAt { sha: told.head_sha, attempt: told.run_attempt },
            reviews: given.into_iter().filter_map(review).collect(),
        })
    }

    pub(super) async fn review_pending(
        &self,
        repo: &Repo,
        run: RunId,
        environments: &[u64],
        approve: bool,
        comment: &str,
    ) -> Result<(), PortError> {
        let state = if approve { "approved" } else { "rejected" };
        let comment: String = comment.chars().take(COMMENT_MAX).collect();
        let body = json!({"environment_ids": environments, "state": state, "comment": comment});
        self.write("POST", repo, &format!("/repos/{repo}/actions/runs/{run}/pending_deployments"), Some(&body)).await
    }

    /// Asked at this moment; an invitation that was not accepted is no membership.
    pub(super) async fn in_team(&self, repo: &Repo, team: &str, login: &str) -> Result<bool, PortError> {
        let (owner, team, login) = (segment(repo.owner()), segment(team), segment(login));
        let path = format!("/orgs/{owner}/teams/{team}/memberships/{login}");
        let answer = self.call("GET", Some(repo), &path, None).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => {
                Ok(answer.json::<Value>()?.get("state").and_then(Value::as_str) == Some("active"))
            }
            _ => Err(refused(&answer)),
        }
    }
}
