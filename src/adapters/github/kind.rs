//! Which event a webhook's body is of. GitHub tells it in a header, which a body that was saved has lost.

use serde_json::Value;

/// The name of the event, where its body shows it.
#[must_use]
pub fn kind_of(body: &Value) -> Option<&'static str> {
    let has = |key: &str| body.get(key).is_some_and(|value| !value.is_null());
    let alert = |key: &str| body.get("alert").is_some_and(|alert| alert.get(key).is_some());
    // The first that fits: what others carry, too, comes last.
    let kinds = [
        ("workflow_job", has("workflow_job")),
        ("deployment_review", has("workflow_run") && (has("reviewers") || has("approver") || has("requestor"))),
        ("workflow_run", has("workflow_run")),
        ("check_run", has("check_run")),
        ("check_suite", has("check_suite")),
        ("pull_request_review", has("pull_request") && has("review")),
        ("pull_request", has("pull_request") && has("number")),
        ("issue_comment", has("issue") && has("comment")),
        ("issues", has("issue")),
        ("merge_group", has("merge_group")),
        ("secret_scanning_alert", alert("secret_type")),
        ("code_scanning_alert", alert("rule")),
        ("dependabot_alert", alert("security_advisory")),
        ("status", has("state") && has("context") && has("sha")),
        ("push", has("ref") && has("after") && has("before")),
        ("delete", has("ref") && has("ref_type") && has("pusher_type") && !has("master_branch")),
        ("repository", has("repository") && body.pointer("/changes/repository").is_some()),
    ];
    kinds.into_iter().find(|(_, fits)| *fits).map(|(kind, _)| kind)
}

#[cfg(test)]
mod tests {
    use super::super::decode::READ;
    use super::*;
    use serde_json::json;

    #[test]
    fn every_event_that_is_read_is_known_by_its_body() {
        let samples = [
            ("workflow_job", json!({"action": "completed", "workflow_job": {"id": 1}})),
            ("workflow_run", json!({"action": "completed", "workflow_run": {"id": 1}, "workflow": {"id": 2}})),
            ("deployment_review", json!({"workflow_run": {"id": 1}, "reviewers": [], "since": "2026-01-01"})),
            ("check_run", json!({"check_run": {"check_suite": {"id": 1}}})),
            ("check_suite", json!({"check_suite": {"id": 1}})),
            ("pull_request", json!({"number": 1, "pull_request": {"id": 1}})),
            ("pull_request_review", json!({"pull_request": {"id": 1}, "review": {"state": "approved"}})),
            ("issue_comment", json!({"issue": {"number": 1}, "comment": {"id": 1}})),
            ("issues", json!({"issue": {"number": 1}})),
            ("merge_group", json!({"merge_group": {"head_sha": "1"}})),
            ("secret_scanning_alert", json!({"alert": {"secret_type": "x"}})),
            ("code_scanning_alert", json!({"alert": {"rule": {}}})),
            ("dependabot_alert", json!({"alert": {"security_advisory": {}}})),
            ("status", json!({"state": "failure", "context": "ci", "sha": "1"})),
            ("push", json!({"ref": "refs/heads/main", "before": "1", "after": "2"})),
            ("delete", json!({"ref": "topic", "ref_type": "branch", "pusher_type": "user"})),
            ("repository", json!({"repository": {"id": 1}, "changes": {"repository": {"name": {"from": "old"}}}})),
        ];
        for (kind, body) in &samples {
            assert_eq!(kind_of(body), Some(*kind), "{body}");
        }
        // GitHub sends it no more; alerts of Dependabot took its place.
        let read = READ.iter().filter(|kind| **kind != "repository_vulnerability_alert");
        assert!(read.clone().all(|kind| samples.iter().any(|(known, _)| known == kind)), "{READ:?}");
        for body in [json!({}), json!(null), json!([1]), json!({"repository": {"id": 1}}), json!({"ref": "x"})] {
            assert_eq!(kind_of(&body), None, "{body}");
        }
    }
}
