//! Traces of the real binary, as a collector gets them: what happened, and no secret.

#![allow(clippy::disallowed_methods, reason = "the process under test lives in real time")]

use crate::world::{NETWORK_LOG, SECRET, spec};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use ci_rescue::demo::{Forge, sign};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::Command;

const TOKEN: &str = "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC2dF4hJ6";

type Got = Arc<Mutex<Vec<(String, Vec<u8>)>>>;

async fn collector() -> (String, Got) {
    let got = Got::default();
    let take = |State(got): State<Got>, headers: HeaderMap, body: Bytes| async move {
        let kind = headers["content-type"].to_str().unwrap().to_owned();
        got.lock().unwrap().push((kind, body.to_vec()));
    };
    let app = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&got));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{at}/v1/traces"), got)
}

/// A bot takes in one failure and ends; what it logged.
async fn one_failure(traces: &str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("ci-rescue.toml");
    let store = dir.path().join("store");
    let text = format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"{}\"\n[github]\nwebhook_secret = \"{SECRET}\"\n[traces]\n{traces}\n",
        store.display()
    );
    std::fs::write(&config, text).unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(["serve", "--config"])
        .arg(&config)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let at = line.split("http://").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
    let forge = Forge::new(Arc::new(|| 1_767_268_800_000), None);
    let mut run = spec(NETWORK_LOG, "failure");
    run.workflow = format!("Build with {TOKEN}");
    let id = forge.start(run);
    forge.finish(id);
    let http = reqwest::Client::new();
    for hook in forge.take_hooks() {
        let body = hook.body.replace("{web}", "https://github.com");
        let request = http
            .post(format!("http://{at}/webhooks/github"))
            .header("content-type", "application/json")
            .header("x-github-event", hook.event)
            .header("x-github-delivery", &hook.id)
            .header("x-hub-signature-256", sign(SECRET, body.as_bytes()))
            .body(body);
        let answer = request.send().await.unwrap();
        let status = answer.status();
        assert!(status.is_success(), "{status}: {}", answer.text().await.unwrap());
    }
    let mut logged = String::new();
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    while !logged.contains("opened: ") {
        assert!(errors.read_line(&mut logged).await.unwrap() > 0, "{logged}");
    }
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    errors.read_to_string(&mut logged).await.unwrap();
    assert!(child.wait().await.unwrap().success(), "{logged}");
    logged
}

#[tokio::test]
async fn a_collector_sees_what_happened_and_no_secret() {
    let (endpoint, got) = collector().await;
    let logged = one_failure(&format!("endpoint = \"{endpoint}\"\nenvironment = \"staging\"")).await;
    let got = got.lock().unwrap().clone();
    assert!(!got.is_empty() && got.iter().all(|(kind, _)| kind == "application/x-protobuf"), "{logged}");
    let all: Vec<u8> = got.into_iter().flat_map(|(_, body)| body).collect();
    let text = String::from_utf8_lossy(&all);
    for words in [
        "service.name",
        "ci-rescue",
        "deployment.environment.name",
        "staging",
        "accept github",
        "turn github",
        "step failed",
        "cicd.pipeline.name",
        "cicd.pipeline.run.id",
        "cicd.pipeline.result",
        "vcs.repository.name",
        "vcs.ref.head.revision",
        "ci_rescue.specialist",
    ] {
        assert!(text.contains(words), "{words}: {logged}");
    }
    assert!(!text.contains(TOKEN) && !text.contains(SECRET), "a secret left");
    assert!(logged.contains("opened") && !logged.contains("turn{"), "{logged}");
}

#[tokio::test]
async fn none_are_kept_of_none_and_a_collector_that_is_down_is_told_once() {
    let (endpoint, got) = collector().await;
    one_failure(&format!("endpoint = \"{endpoint}\"\nsample_percent = 0")).await;
    assert!(got.lock().unwrap().is_empty());
    let logged = one_failure("endpoint = \"http://127.0.0.1:9/v1/traces\"").await;
    assert_eq!(logged.matches("traces cannot be sent").count(), 1, "{logged}");
}
