//! The real program with Slack gone: metrics, readiness, and what stands on its standard error.

use crate::world::{HandClock, forge, listener, people};
use ci_rescue::demo::Fault;
use ci_rescue::store::Sled;
use reqwest::Client;
use serde_json::Value;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};

const PATIENCE: Duration = Duration::from_secs(60);
const BEAT: Duration = Duration::from_millis(20);

struct Program {
    child: Child,
    public: String,
    console: String,
    _dir: tempfile::TempDir,
}

impl Program {
    async fn start() -> Self {
        let (forge, at, _) = forge(&HandClock::new(), None).await;
        // GitHub is asked for our name at start, and tells how much it allows.
        let headers = [("limit", "5000"), ("remaining", "4321"), ("reset", "1767270000"), ("resource", "core")];
        let headers = headers.map(|(name, value)| (format!("x-ratelimit-{name}"), value.to_owned())).to_vec();
        forge.lock().faults.push(Fault {
            method: "GET".into(),
            path: "/user".into(),
            status: 404,
            headers,
            after: false,
        });
        // A port that nobody listens on.
        let (closed, gone) = listener().await;
        drop(closed);
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\ntoken = \"console-token-of-some-length\"\n\
             [store]\npath = \"{}\"\n[github]\napi_url = \"http://{at}\"\ntoken = \"forge-token\"\nwebhook_secret = \"it-is-a-secret\"\n\
             [slack]\napi_url = \"http://{gone}/api\"\nbot_token = \"xoxb-double\"\napp_token = \"xapp-double\"\n{}",
            dir.path().join("store").display(),
            people()
        );
        let file = dir.path().join("ci-rescue.toml");
        std::fs::write(&file, text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
            .args(["serve", "--config"])
            .arg(&file)
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("it says where it listens");
        let mut addresses = line.split("http://").skip(1).map(|rest| rest.split(',').next().unwrap().trim().to_owned());
        let (public, console) = (addresses.next().unwrap(), addresses.next().unwrap());
        // Nobody reads its standard output from here on.
        drop(lines);
        Self { child, public, console, _dir: dir }
    }

    async fn until_down(&self, names: &[&str]) -> Value {
        let http = crate::world::client_builder().build().unwrap();
        let wait = async {
            loop {
                let answer = http.get(format!("http://{}/ready", self.public)).send().await.unwrap();
                let answer: Value = answer.json().await.unwrap();
                let down = |name: &&str| {
                    let all = answer["integrations"].as_array().unwrap();
                    all.iter().any(|one| one["name"] == **name && one["state"] == "down")
                };
                if names.iter().all(down) {
                    return answer;
                }
                tokio::time::sleep(BEAT).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("it is noticed")
    }

    async fn metrics(&self) -> String {
        let request = Client::new().get(format!("http://{}/metrics", self.console));
        request.bearer_auth("console-token-of-some-length").send().await.unwrap().text().await.unwrap()
    }

    /// Stops it; answers what it wrote to standard error.
    async fn stop(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        Command::new("kill").arg(&id).status().await.unwrap();
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).await.unwrap();
        assert!(self.child.wait().await.unwrap().success(), "{text}");
        text
    }
}

#[tokio::test]
async fn metrics_tell_of_the_outage_and_are_as_prometheus_wants_them() {
    let program = Program::start().await;
    let ready = program.until_down(&["slack", "slack_socket"]).await;
    assert!(ready.to_string().contains("Connection refused"), "{ready}");
    let text = loop {
        let text = program.metrics().await;
        if text.contains("ci_rescue_integration_up{integration=\"github\"}") {
            break text;
        }
        tokio::time::sleep(BEAT).await;
    };
    for line in [
        "ci_rescue_integration_up{integration=\"slack\"} 0",
        "ci_rescue_integration_up{integration=\"slack_socket\"} 0",
        "ci_rescue_integration_up{integration=\"github\"} 1",
        "ci_rescue_github_quota_remaining{owner=\"app\",resource=\"core\"} 4321",
        "ci_rescue_github_quota_limit{owner=\"app\",resource=\"core\"} 5000",
        "ci_rescue_github_quota_reset_timestamp_seconds{owner=\"app\",resource=\"core\"} 1767270000",
        "ci_rescue_cards_behind{platform=\"slack\"} 0",
        "ci_rescue_queue_depth{queue=\"inbox\"} 0",
        concat!("ci_rescue_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
    ] {
        assert!(text.lines().any(|have| have == line), "{line}\n{text}");
    }
    assert!(text.contains("ci_rescue_integration_changed_timestamp_seconds{integration=\"slack\"}"), "{text}");
    for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE ")) {
        let name = line.split(' ').next().unwrap();
        assert!(text.contains(&format!("# HELP {name} ")), "{name} has no help text");
    }
    let log = program.stop().await;
    for words in ["Slack is down: Connection refused", "Slack Socket Mode is down: Connection refused"] {
        assert_eq!(log.matches(words).count(), 1, "{words}\n{log}");
    }
    assert_eq!(log.matches(" WARN ").count() + log.matches(" ERROR ").count(), 2, "libraries are quiet:\n{log}");
    assert!(!log.contains('\x1b'), "no colour where it is no terminal:\n{log}");
    check(&text).await;
}

/// promtool's own judgement.
async fn check(text: &str) {
    let promtool =
        Command::new("promtool").args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut promtool) = promtool else {
        eprintln!("skipped: promtool is not installed");
        return;
    };
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).await.unwrap();
    let judged = promtool.wait_with_output().await.unwrap();
    assert!(judged.status.success() && judged.stderr.is_empty(), "{}", String::from_utf8_lossy(&judged.stderr));
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_exit_status_three() {
    let dir = tempfile::tempdir().unwrap();
    let store = dir.path().join("store");
    // Somebody holds the store and answers nobody.
    let held = Sled::open(&store).unwrap();
    let (closed, gone) = listener().await;
    drop(closed);
    let file = dir.path().join("ci-rescue.toml");
    let text = format!(
        "[server]\nlisten = \"{gone}\"\n[store]\npath = \"{}\"\n[api]\nread_token = \"read-token-of-some-length\"\n",
        store.display()
    );
    std::fs::write(&file, text).unwrap();
    let mut list = Command::new(env!("CARGO_BIN_EXE_ci-rescue"));
    let output = list.args(["incident", "list", "--config"]).arg(&file).output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains(&gone.to_string()) && said.contains("Connection refused"), "{said}");
    drop(held);
    let output = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
        .args(["incident", "list", "--config", "/nowhere/ci-rescue.toml"])
        .output()
        .await
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
}
