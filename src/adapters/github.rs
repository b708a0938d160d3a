//! GitHub: webhooks in, the REST API out, through octocrab.

mod api;
mod auth;
mod ci;
mod decode;
mod fetch;
mod forge;
mod granted;
mod labels;
mod origin;
mod payload;
mod pulls;
mod requests;
mod tracking;
mod verify;

pub use api::{GitHub, Settings};
pub use auth::Credentials;
pub use decode::Webhooks;
pub use pulls::Pulls;
pub use verify::{Secret, Signature};

/// The App's permissions and events: what `manifest github` prints and `doctor` compares.
pub const PERMISSIONS: [(&str, &str); 12] = [
    ("actions", "write"),
    ("checks", "write"),
    ("contents", "write"),
    ("issues", "write"),
    ("metadata", "read"),
    ("pull_requests", "write"),
    ("statuses", "read"),
    ("members", "read"),
    ("merge_queues", "read"),
    ("secret_scanning_alerts", "read"),
    ("security_events", "read"),
    ("vulnerability_alerts", "read"),
];

/// The events that the App subscribes to.
pub const EVENTS: [&str; 13] = [
    "check_run",
    "check_suite",
    "code_scanning_alert",
    "dependabot_alert",
    "issue_comment",
    "merge_group",
    "pull_request",
    "pull_request_review",
    "push",
    "secret_scanning_alert",
    "status",
    "workflow_job",
    "workflow_run",
];
