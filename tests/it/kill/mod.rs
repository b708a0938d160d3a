//! SIGKILL, many times, with deliveries, clicks and effects in flight; between them pauses and memory that runs out. The checkers keep their own books: what was
//! acknowledged, what the forge was asked, what stands in the channels. They never ask the accused what happened.

#![allow(clippy::disallowed_methods, reason = "the process under test lives in real time")]

mod places;
pub mod slack;

use crate::world::{NETWORK_LOG, SECRET, job};
use ci_rescue::demo::{Forge, Hook, RunSpec, sign};
use reqwest::Client;
use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// `CI_RESCUE_KILL_ROUNDS` makes it longer or shorter.
fn rounds() -> u64 {
    std::env::var("CI_RESCUE_KILL_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(50)
}

/// After this long it hangs: the more incidents, the longer people click.
fn patience() -> Duration {
    Duration::from_secs(600 + 10 * rounds())
}

pub const LATENCY_MS: u64 = 120;
const MAX_ROUND_MS: u64 = 500;
/// Enough to begin a write, not enough for a busy moment. What allocators reserve and have not touched does not count.
const SPARE_BYTES: u64 = 64 << 10;
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

    /// Answers whether it was dead before: of what [`Process::starve`] did.
    async fn kill(mut self) -> bool {
        let was_dead = self.child.try_wait().expect("its state").is_some();
        if !was_dead {
            self.child.kill().await.expect("it dies");
        }
        was_dead
    }

    fn pid(&self) -> Pid {
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
        pid.expect("nobody waited for it")
    }

    /// Stops it for a while in the middle of what it does, as a machine that is moved or swaps does.
    async fn pause(&self, long: Duration) {
        kill_process(self.pid(), Signal::STOP).expect("it stops");
        tokio::time::sleep(long).await;
        kill_process(self.pid(), Signal::CONT).expect("it goes on");
    }

    /// From now on it gets hardly any more memory: an allocation that fails ends it wherever it is (Linux).
    fn starve(&self) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid().as_raw_pid())).expect("it runs");
        let size = status.lines().find_map(|line| line.strip_prefix("VmData:")).expect("a size");
        let kb: u64 = size.trim().trim_end_matches(" kB").parse().expect("a number");
        let most = Some(kb * 1_024 + SPARE_BYTES);
        prlimit(Some(self.pid()), Resource::Data, Rlimit { current: most, maximum: most }).expect("a limit");
    }
}

/// How a round ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Killed,
    /// It stands still for so long before it is killed.
    Paused(Duration),
    /// Memory runs out, and it is killed if it lives on.
    Starved,
}

/// Three of five are plain. The first pause is the longest: `CI_RESCUE_PAUSE_S` in seconds.
fn end(round: u64) -> End {
    let longest = std::env::var("CI_RESCUE_PAUSE_S").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    match round % 5 {
        3 => End::Starved,
        4 if round == 4 => End::Paused(Duration::from_secs(longest)),
        4 => End::Paused(Duration::from_millis(200)),
        _ => End::Killed,
    }
}

/// Hooks that the forge has to deliver: sent until acknowledged, as by redelivery.
#[derive(Clone, Default)]
pub struct Post {
    waiting: Arc<Mutex<Vec<Hook>>>,
    pub target: Arc<Mutex<Option<SocketAddr>>>,
}

pub async fn carry(post: Post, forge: Forge, web: SocketAddr, stop: CancellationToken) {
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

pub fn run_spec(n: u64, repo: String) -> RunSpec {
    RunSpec {
        repo,
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

pub async fn get(at: SocketAddr, path: &str) -> Value {
    let answer =
        Client::new().get(format!("http://{at}{path}")).bearer_auth("read-token").send().await.expect("an answer");
    answer.json().await.expect("json")
}

async fn idle(at: SocketAddr) -> bool {
    let status = get(at, "/api/status").await;
    ["inbox", "outbox", "cards_behind"].iter().all(|key| status[key] == 0)
}

pub async fn incidents(at: SocketAddr) -> Vec<Value> {
    let mut all = Vec::new();
    let mut page = get(at, "/api/incidents?limit=200").await;
    loop {
        all.extend(page["incidents"].as_array().cloned().unwrap_or_default());
        let Some(next) = page["next"].as_u64() else { return all };
        page = get(at, &format!("/api/incidents?limit=200&before={next}")).await;
    }
}

pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// How long the process lives in each round.
fn lives() -> impl Iterator<Item = Duration> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    std::iter::repeat_with(move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis(50 + (seed >> 33) % MAX_ROUND_MS)
    })
}

/// Every run that broke has its incident, was re-run once, and the forge was asked for that once.
fn audit_runs(forge: &Forge, incidents: &[Value]) {
    let state = forge.lock();
    // No acknowledged delivery was lost.
    let known: Vec<u64> = incidents
        .iter()
        .flat_map(|i| i["runs"].as_array().unwrap().iter().map(|run| run["run_id"].as_u64().unwrap()))
        .collect();
    for run in state.runs.values() {
        assert!(known.contains(&run.id), "run {} has no incident", run.id);
        assert_eq!(run.attempt, 2, "run {} was re-run {} times", run.id, run.attempt - 1);
    }
    // No re-run was called twice, not even one that the forge refused.
    let reruns = state.calls.iter().filter(|call| call.method == "POST" && call.path.contains("/rerun"));
    let calls = counted(reruns.map(|call| call.path.clone()));
    assert_eq!(calls.len(), state.runs.len());
    assert!(calls.values().all(|count| *count == 1), "{calls:?}");
    assert!(incidents.iter().all(|incident| incident["stage"] == "resolved"));
}

fn counted(all: impl Iterator<Item = String>) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    all.for_each(|one| *counts.entry(one).or_default() += 1);
    counts
}

/// What is not as it should be when the patience is over.
pub fn unrest(incidents: &[Value], post: &Post, status: &Value) -> String {
    let open: Vec<&Value> = incidents.iter().filter(|i| i["stage"] != "resolved").collect();
    let waiting = post.waiting.lock().unwrap().len();
    format!("{} of {} not resolved, {waiting} hooks wait, {status}; {open:#?}", open.len(), incidents.len())
}
