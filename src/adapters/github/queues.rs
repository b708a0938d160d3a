//! Merge queues, which GitHub's REST API does not have: asked about and added to by GraphQL.

use super::api::{Answer, GitHub, refused};
use crate::domain::ids::{Repo, short_sha};
use crate::domain::queue::{PullState, QueueFacts};
use crate::domain::text::clean_line;
use crate::ports::{PortError, Queues};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};

const ASK: &str = "query($owner: String!, $name: String!, $number: Int!) { \
    repository(owner: $owner, name: $name) { pullRequest(number: $number) { \
    id headRefOid state isDraft isInMergeQueue isMergeQueueEnabled author { login } } } }";
const ENQUEUE: &str = "mutation($id: ID!, $head: GitObjectID!) { \
    enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $head}) { mergeQueueEntry { state } } }";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Pull {
    id: String,
    head_ref_oid: String,
    state: PullState,
    #[serde(default)]
    is_draft: bool,
    #[serde(default)]
    is_in_merge_queue: bool,
    #[serde(default)]
    is_merge_queue_enabled: bool,
    author: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    login: String,
}

/// What GraphQL says is wrong stands in an answer whose status is 200.
fn data(answer: &Answer) -> Result<Value, PortError> {
    if !answer.status.is_success() {
        return Err(refused(answer));
    }
    let mut value: Value = answer.json()?;
    let errors = value.get("errors").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if errors.is_empty() {
        return match value.get_mut("data").map(Value::take) {
            Some(data) if !data.is_null() => Ok(data),
            _ => Err(PortError::permanent("GitHub's answer cannot be read: it has no data")),
        };
    }
    let text = |error: &Value, key: &str| error.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let words: Vec<String> = errors.iter().take(3).map(|error| clean_line(&text(error, "message"), 200)).collect();
    let why = format!("GitHub says: {}", words.join("; "));
    // Limits and GitHub's own faults pass.
    let passes =
        |error: &Value| matches!(text(error, "type").as_str(), "RATE_LIMITED" | "SERVICE_UNAVAILABLE" | "INTERNAL");
    let own_fault =
        |error: &Value| text(error, "message").starts_with("Something went wrong while executing your query");
    if errors.iter().any(|error| passes(error) || own_fault(error)) {
        return Err(PortError::ambiguous(why));
    }
    Err(PortError::permanent(why))
}

#[async_trait]
impl Queues for GitHub {
    async fn queued(&self, repo: &Repo, number: u64) -> Result<QueueFacts, PortError> {
        let variables = json!({"owner": repo.owner(), "name": repo.name(), "number": number});
        let asked = match self.graphql(repo, &json!({"query": ASK, "variables": variables}), true).await {
            Ok(answer) => data(&answer),
            Err(why) => Err(why),
        };
        let mut found = asked.map_err(|why| match why {
            // Asking changes nothing.
            PortError::Ambiguous { why } => PortError::transient(why),
            other => other,
        })?;
        let pull = found.pointer_mut("/repository/pullRequest").map(Value::take).filter(|pull| !pull.is_null());
        let Some(pull) = pull else { return Err(PortError::permanent(format!("there is no PR {number}"))) };
        let pull: Pull = serde_json::from_value(pull)
            .map_err(|why| PortError::permanent(format!("GitHub's answer cannot be read: {why}")))?;
        Ok(QueueFacts {
            number,
            id: clean_line(&pull.id, 100),
            head: super::decode::sha(&pull.head_ref_oid),
            state: pull.state,
            draft: pull.is_draft,
            queued: pull.is_in_merge_queue,
            has_queue: pull.is_merge_queue_enabled,
            author: pull.author.map(|author| author.login.into()),
        })
    }

    async fn enqueue(&self, repo: &Repo, number: u64, id: &str, head: &str) -> Result<(), PortError> {
        let now = self.queued(repo, number).await?;
        if now.queued {
            return Ok(());
        }
        match now.state {
            PullState::Merged => return Ok(()),
            PullState::Closed => return Err(PortError::permanent(format!("PR {number} is closed"))),
            PullState::Open => {}
        }
        if now.head != head {
            let (was, is) = (short_sha(head), short_sha(&now.head));
            return Err(PortError::permanent(format!("the head of PR {number} moved from {was} to {is}")));
        }
        let body = json!({"query": ENQUEUE, "variables": {"id": id, "head": head}});
        let answer = self.graphql(repo, &body, false).await?;
        match data(&answer) {
            Ok(_) => Ok(()),
            // Somebody may have been faster.
            Err(PortError::Permanent { why }) => match self.queued(repo, number).await {
                Ok(found) if found.queued => Ok(()),
                _ => Err(PortError::permanent(why)),
            },
            Err(other) => Err(other),
        }
    }
}
