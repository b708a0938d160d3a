//! The parts of GitHub's payloads that we read. Unknown fields are ignored, and almost everything may be missing.

use crate::domain::event::Conclusion;
use serde::{Deserialize, Deserializer};

/// Null and missing alike are the default.
pub fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(d: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(d)?.unwrap_or_default())
}

/// Whose branch a head is.
#[derive(Debug, Default)]
pub enum Home {
    /// The event does not tell.
    #[default]
    Untold,
    /// The repository is gone: GitHub sends null.
    Gone,
    In(Repository),
}

impl<'de> Deserialize<'de> for Home {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        Ok(Option::<Repository>::deserialize(d)?.map_or(Self::Gone, Self::In))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Payload {
    #[serde(deserialize_with = "lenient")]
    pub action: String,
    pub repository: Option<Repository>,
    pub sender: Option<Account>,
    pub workflow_job: Option<Job>,
    pub workflow_run: Option<Run>,
    pub check_run: Option<Check>,
    pub check_suite: Option<Suite>,
    pub pull_request: Option<Pull>,
    pub alert: Option<Alert>,
    pub label: Option<Label>,
    pub review: Option<Review>,
    pub merge_group: Option<Queued>,
    pub reason: Option<String>,
    pub environment: Option<String>,
    pub comment: Option<Comment>,
    pub issue: Option<Issue>,
    // push
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    pub after: Option<String>,
    pub deleted: Option<bool>,
    // delete
    pub ref_type: Option<String>,
    // status
    pub sha: Option<String>,
    pub state: Option<String>,
    pub context: Option<String>,
    pub target_url: Option<String>,
    pub branches: Option<Vec<Named>>,
    pub commit: Option<StatusCommit>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Comment {
    pub id: u64,
    #[serde(deserialize_with = "lenient")]
    pub body: String,
    pub user: Option<Account>,
    /// Written by a program in somebody's name.
    pub performed_via_github_app: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Issue {
    pub number: u64,
    #[serde(deserialize_with = "lenient")]
    pub body: String,
    pub state_reason: Option<String>,
    pub pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Repository {
    pub id: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub full_name: String,
    pub default_branch: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Account {
    #[serde(deserialize_with = "lenient")]
    pub login: String,
    #[serde(rename = "type", deserialize_with = "lenient")]
    pub kind: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Job {
    pub id: u64,
    pub run_id: u64,
    #[serde(deserialize_with = "lenient")]
    pub run_attempt: u32,
    pub workflow_name: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    pub head_branch: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub head_sha: String,
    pub conclusion: Option<Conclusion>,
    #[serde(deserialize_with = "lenient")]
    pub status: String,
    pub html_url: Option<String>,
    pub started_at: Option<chrono::DateTime<chrono::Utc>>,
    pub completed_at: Option<chrono::DateTime<chrono::Utc>>,
    #[serde(deserialize_with = "lenient")]
    pub labels: Vec<String>,
    /// Zero or absent where no runner took it.
    pub runner_id: Option<u64>,
    #[serde(deserialize_with = "lenient")]
    pub steps: Vec<Step>,
}

impl Job {
    /// How long it ran.
    pub fn took_ms(&self) -> Option<u64> {
        let took = self.completed_at? - self.started_at?;
        u64::try_from(took.num_milliseconds()).ok()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Step {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    pub conclusion: Option<Conclusion>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Run {
    pub id: u64,
    #[serde(deserialize_with = "lenient")]
    pub run_attempt: u32,
    pub name: Option<String>,
    pub head_branch: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub head_sha: String,
    pub conclusion: Option<Conclusion>,
    #[serde(deserialize_with = "lenient")]
    pub status: String,
    pub html_url: Option<String>,
    pub event: Option<String>,
    pub created_at: Option<chrono::DateTime<chrono::Utc>>,
    pub run_started_at: Option<chrono::DateTime<chrono::Utc>>,
    pub updated_at: Option<chrono::DateTime<chrono::Utc>>,
    pub head_repository: Home,
    pub repository: Option<Repository>,
    #[serde(deserialize_with = "lenient")]
    pub pull_requests: Vec<Numbered>,
    pub head_commit: Option<Commit>,
    pub actor: Option<Account>,
    pub triggering_actor: Option<Account>,
}

impl Run {
    /// The clock started it.
    pub fn is_scheduled(&self) -> bool {
        self.event.as_deref() == Some("schedule")
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Check {
    pub id: u64,
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    #[serde(deserialize_with = "lenient")]
    pub head_sha: String,
    pub conclusion: Option<Conclusion>,
    #[serde(deserialize_with = "lenient")]
    pub status: String,
    pub details_url: Option<String>,
    pub html_url: Option<String>,
    pub app: Option<App>,
    pub check_suite: Option<Suite>,
    #[serde(deserialize_with = "lenient")]
    pub pull_requests: Vec<Numbered>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Suite {
    pub head_branch: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub head_sha: String,
    pub conclusion: Option<Conclusion>,
    pub app: Option<App>,
    #[serde(deserialize_with = "lenient")]
    pub pull_requests: Vec<Numbered>,
    pub head_commit: Option<Commit>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct App {
    pub id: u64,
    #[serde(deserialize_with = "lenient")]
    pub slug: String,
    #[serde(deserialize_with = "lenient")]
    pub name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Pull {
    pub number: u64,
    pub merged: Option<bool>,
    pub head: Option<Head>,
    pub base: Option<Head>,
    pub user: Option<Account>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Head {
    #[serde(rename = "ref", deserialize_with = "lenient")]
    pub git_ref: String,
    #[serde(deserialize_with = "lenient")]
    pub sha: String,
    pub repo: Home,
}

impl Head {
    /// Whether it is in the repository of this name.
    pub fn is_in(&self, name: &str) -> bool {
        matches!(&self.repo, Home::In(repository) if repository.full_name.eq_ignore_ascii_case(name))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Review {
    #[serde(deserialize_with = "lenient")]
    pub state: String,
    pub user: Option<Account>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Queued {
    #[serde(deserialize_with = "lenient")]
    pub head_sha: String,
    #[serde(deserialize_with = "lenient")]
    pub base_sha: String,
    pub base_ref: Option<String>,
    #[serde(deserialize_with = "lenient")]
    pub head_ref: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Label {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Alert {
    pub number: u64,
    pub html_url: Option<String>,
    pub security_advisory: Option<Titled>,
    pub rule: Option<Titled>,
    pub secret_type_display_name: Option<String>,
    pub affected_package_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Titled {
    pub summary: Option<String>,
    pub description: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Numbered {
    pub number: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Named {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    pub commit: Option<Tip>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Tip {
    #[serde(deserialize_with = "lenient")]
    pub sha: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Commit {
    #[serde(deserialize_with = "lenient")]
    pub message: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StatusCommit {
    pub commit: Option<Commit>,
}
