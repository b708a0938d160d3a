//! SIGKILL, fifty times, with deliveries, clicks and effects in flight. The checker keeps its own books: what was
//! acknowledged, what the forge was asked, what stands in the channels. It never asks the accused what happened.

#![allow(clippy::disallowed_methods, reason = "the process under test lives in real time")]

use crate::world::slack::SlackDouble;
use crate::world::{NETWORK_LOG, SECRET, job, listener, people};
use ci_rescue::demo::{Forge, Hook, RunSpec, sign};
use reqwest::Client;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// `CI_RESCUE_KILL_ROUNDS` makes it longer or shorter.
fn rounds() -> u64 {
    std::env::var("CI_RESCUE_KILL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(50)
}

/// Channels that share the load: Slack's pace is a message a second and channel.
const CHANNELS: u64 = 10;
const LATENCY_MS: u64 = 120;
const PATIENCE: Duration = Duration::from_secs(240);
const BEAT: Duration = Duration::from_millis(10);

struct Process {
    child: Child,
    at: SocketAddr,
}

impl Process {
    async fn start(config: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
            .args(["serve", "--config"])
            .arg(config)
            .env("RUST_LOG", "error")
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the binary");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.next_line().await.expect("a line").expect("it says where it listens");
        let at = line
            .split("http://")
            .nth(1)
            .and_then(|rest| rest.split(',').next())
            .and_then(|at| at.parse().ok())
            .expect("an address");
        Self { child, at }
    }

    async fn kill(mut self) {
        self.child.kill().await.expect("it dies");
    }
}

/// Hooks that the forge has to deliver: sent until acknowledged, as by redelivery.
#[derive(Clone, Default)]
struct Post {
    waiting: Arc<Mutex<Vec<Hook>>>,
    target: Arc<Mutex<Option<SocketAddr>>>,
}

async fn carry(post: Post, forge: Forge, web: SocketAddr, stop: CancellationToken) {
    let http = Client::builder().timeout(Duration::from_secs(5)).build().expect("a client");
    while !stop.is_cancelled() {
        for id in forge.going() {
            forge.finish(id);
        }
        post.waiting.lock().expect("a lock").extend(forge.take_hooks());
        let target = *post.target.lock().expect("a lock");
        let batch: Vec<Hook> = post.waiting.lock().expect("a lock").clone();
        for hook in batch {
            let Some(at) = target else { break };
            let body = hook.body.replace("{web}", &format!("http://{web}"));
            let request = http
                .post(format!("http://{at}/webhooks/github"))
                .header("content-type", "application/json")
                .header("x-github-event", hook.event)
                .header("x-github-delivery", &hook.id)
                .header("x-hub-signature-256", sign(SECRET, body.as_bytes()))
                .body(body);
            match request.send().await {
                Ok(answer) if answer.status().is_success() => {
                    post.waiting.lock().expect("a lock").retain(|have| have.id != hook.id);
                }
                _ => break,
            }
        }
        tokio::time::sleep(BEAT).await;
    }
}

fn run_spec(n: u64) -> RunSpec {
    RunSpec {
        repo: format!("acme/r{}", n % CHANNELS),
        workflow: format!("ci-{n}"),
        branch: "main".into(),
        sha: format!("{n:040x}"),
        message: "m".into(),
        pull: None,
        sender: "ben".into(),
        jobs: vec![job(
            "test",
            &NETWORK_LOG.replace("ECONNRESET", &format!("ECONNRESET in step {}", word(n))),
            &["failure", "success"],
        )],
    }
}

/// Numbers are noise to a fingerprint; words are not.
fn word(n: u64) -> String {
    n.to_string().bytes().map(|digit| char::from(b'g' + (digit - b'0'))).collect()
}

fn config(forge: SocketAddr, slack: SocketAddr, store: &std::path::Path) -> String {
    let feeds: String = (0..CHANNELS)
        .map(|n| format!("[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C{n}\"\nrepo = \"acme/r{n}\"\n"))
        .collect();
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {:?}\n\
         [github]\napi_url = \"http://{forge}\"\nwebhook_secret = \"{SECRET}\"\ntoken = \"t\"\n[api]\nread_token = \"read-token\"\n\
         [slack]\napi_url = \"http://{slack}/api\"\nbot_token = \"xoxb-double\"\napp_token = \"xapp-double\"\n{feeds}{}",
        store.display().to_string(),
        people()
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threats_039_040_047_fifty_kills_lose_nothing_and_repeat_nothing() {
    let stop = CancellationToken::new();
    let now = || i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap();
    let forge = Forge::new(Arc::new(now), None);
    (0..CHANNELS).for_each(|n| forge.add_repo(&format!("acme/r{n}")));
    let (forge_listener, forge_at) = listener().await;
    tokio::spawn(ci_rescue::server::serve(forge_listener, ci_rescue::demo::router(forge.clone()), stop.clone()));
    let slack = SlackDouble::start(&stop).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, config(forge_at, slack.at, &dir.path().join("store"))).unwrap();
    // What is written takes effect at once and is answered late: many kills fall in between.
    forge.latency_ms.store(LATENCY_MS, Ordering::Relaxed);
    slack.latency_ms.store(LATENCY_MS, Ordering::Relaxed);
    let post = Post::default();
    tokio::spawn(carry(post.clone(), forge.clone(), forge_at, stop.clone()));

    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..rounds() {
        let process = Process::start(&path).await;
        *post.target.lock().unwrap() = Some(process.at);
        forge.start(run_spec(round));
        // Everybody who sees a Retry button presses it, some of them twice.
        let clicking = tokio::spawn(click(slack.clone()));
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        tokio::time::sleep(Duration::from_millis(50 + (seed >> 33) % 500)).await;
        *post.target.lock().unwrap() = None;
        process.kill().await;
        clicking.abort();
    }
    let process = Process::start(&path).await;
    *post.target.lock().unwrap() = Some(process.at);
    let finished = tokio::time::timeout(PATIENCE, come_to_rest(&forge, &slack, &post, process.at)).await;
    let (incidents, status) = (incidents(process.at).await, get(process.at, "/api/status").await);
    process.kill().await;
    stop.cancel();
    assert!(
        finished.is_ok(),
        "it does not come to rest: {} of {} resolved, {} cards say so, {} hooks wait, {status}",
        incidents.iter().filter(|i| i["stage"] == "resolved").count(),
        incidents.len(),
        slack.cards().iter().filter(|card| card.words().contains("resolved")).count(),
        post.waiting.lock().unwrap().len(),
    );
    audit(&forge, &slack, &incidents);
}

async fn click(slack: SlackDouble) {
    slack.connected().await;
    loop {
        for card in slack.cards() {
            if let Some(value) = card.button("Retry") {
                for _ in 0..2 {
                    // Unacknowledged clicks are the person's to repeat.
                    let _ = slack.try_press("UBEN", &card, &value).await;
                }
            }
        }
        tokio::time::sleep(BEAT).await;
    }
}

/// Clicks on until every run is green and every card says so.
async fn come_to_rest(forge: &Forge, slack: &SlackDouble, post: &Post, at: SocketAddr) {
    let clicking = tokio::spawn(click(slack.clone()));
    loop {
        let green = forge.lock().runs.values().all(|run| run.conclusion == Some("success"));
        let delivered = post.waiting.lock().unwrap().is_empty();
        let cards = slack.cards();
        let told = cards.len() as u64 >= rounds() && cards.iter().all(|card| card.words().contains("resolved"));
        if green && delivered && told && idle(at).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    clicking.abort();
}

async fn get(at: SocketAddr, path: &str) -> Value {
    let answer =
        Client::new().get(format!("http://{at}{path}")).bearer_auth("read-token").send().await.expect("an answer");
    answer.json().await.expect("json")
}

async fn idle(at: SocketAddr) -> bool {
    let status = get(at, "/api/status").await;
    ["inbox", "outbox", "cards_behind"].iter().all(|key| status[key] == 0)
}

async fn incidents(at: SocketAddr) -> Vec<Value> {
    get(at, "/api/incidents?limit=200").await["incidents"].as_array().cloned().unwrap_or_default()
}

fn audit(forge: &Forge, slack: &SlackDouble, incidents: &[Value]) {
    let state = forge.lock();
    // No acknowledged delivery was lost: every run that broke has its incident.
    let known: Vec<u64> = incidents
        .iter()
        .flat_map(|i| i["runs"].as_array().unwrap().iter().map(|run| run["run_id"].as_u64().unwrap()))
        .collect();
    for run in state.runs.values() {
        assert!(known.contains(&run.id), "run {} has no incident", run.id);
        assert_eq!(run.attempt, 2, "run {} was re-run {} times", run.id, run.attempt - 1);
    }
    // No re-run was called twice, not even one that the forge refused.
    let mut calls: BTreeMap<String, u32> = BTreeMap::new();
    for call in state.calls.iter().filter(|call| call.method == "POST" && call.path.contains("/rerun")) {
        *calls.entry(call.path.clone()).or_default() += 1;
    }
    assert_eq!(calls.len(), state.runs.len());
    assert!(calls.values().all(|count| *count == 1), "{calls:?}");
    // No card was posted twice, and none says another thing than its incident.
    let mut cards: BTreeMap<String, u32> = BTreeMap::new();
    for card in slack.cards() {
        let marker = card.metadata["event_payload"]["marker"].as_str().expect("a marker").to_owned();
        assert!(card.words().contains("resolved"), "{}", card.words());
        *cards.entry(marker).or_default() += 1;
    }
    assert_eq!(cards.len(), incidents.len());
    assert!(cards.values().all(|count| *count == 1), "{cards:?}");
    assert!(incidents.iter().all(|incident| incident["stage"] == "resolved"));
    // And nothing was said twice in a thread.
    let mut notes: BTreeMap<String, u32> = BTreeMap::new();
    for message in slack.messages().iter().filter(|message| message.thread_ts.is_some()) {
        *notes
            .entry(message.metadata["event_payload"]["marker"].as_str().expect("a marker").to_owned())
            .or_default() += 1;
    }
    assert!(notes.values().all(|count| *count == 1), "{notes:?}");
}
