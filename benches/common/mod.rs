//! What the benchmarks of the whole bot share: a listener, a failure of the forge, and what Slack says at the start.

use axum::routing::post;
use axum::{Json, Router};
use ci_rescue::demo::{JobSpec, RunSpec};
use serde_json::json;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub const SECRET: &str = "bench-secret";

pub fn now_ms() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis()).unwrap_or(0)
}

pub async fn serve(router: Router, stop: &CancellationToken) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    tokio::spawn(ci_rescue::server::serve(listener, router, stop.clone()));
    at
}

/// Slack without messages.
pub fn slack() -> Router {
    let who = || async {
        Json(
            json!({"ok": true, "url": "https://a.slack.com/", "team": "A", "team_id": "T1", "user_id": "U", "user": "b"}),
        )
    };
    Router::new().route("/api/auth.test", post(who).get(who))
}

/// The `n`th failure, of a cause and at a commit of its own.
pub fn failure(n: usize, repo: usize) -> RunSpec {
    let word: String = format!("{n}").chars().map(|c| char::from(b'a' + c as u8 - b'0')).collect();
    let log = format!(
        "##[group]Run pytest\nFAILED tests/test_{word}.py::test_{word} - ValueError: {word}\n##[error]Process completed with exit code 1.\n"
    );
    RunSpec {
        repo: format!("bench/repo{repo}"),
        workflow: format!("ci-{n}"),
        branch: "main".into(),
        sha: format!("{:07x}{}", 0x0a0_0000 + n, "0".repeat(33)),
        message: "Count the shipping".into(),
        pull: None,
        sender: "ben".into(),
        jobs: vec![JobSpec {
            name: "test".into(),
            step: "Run tests".into(),
            log,
            green_log: String::new(),
            ends: vec!["failure"],
            failing_too: Vec::new(),
        }],
    }
}

/// The forge and Slack; subscriptions follow.
pub fn configuration(forge: SocketAddr, slack: SocketAddr) -> String {
    format!(
        "[github]\napi_url = \"http://{forge}\"\nwebhook_secret = \"{SECRET}\"\ntoken = \"t\"\n\
         [slack]\napi_url = \"http://{slack}/api\"\ntransport = \"http\"\nbot_token = \"xoxb-bench\"\nsigning_secret = \"s\"\n"
    )
}
