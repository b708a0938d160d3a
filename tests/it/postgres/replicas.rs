//! Three programs on one database, which are killed, stopped and cut off while work goes on. The doubles count: nothing
//! is lost, nothing happens twice.

#![allow(clippy::disallowed_methods, reason = "the processes under test live in real time")]

use super::server::{Mode, Server, Way};
use crate::kill::slack::{CHANNELS, audit, click, come_to_rest};
use crate::kill::{LATENCY_MS, Post, carry, get, incidents, now, run_spec, unrest};
use crate::world::slack::SlackDouble;
use crate::world::{SECRET, listener, people};
use ci_rescue::demo::Forge;
use rustix::process::{Pid, Signal, kill_process};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

const REPLICAS: usize = 3;
/// Each ends with something bad for whoever leads.
const ROUNDS: u64 = 6;
/// A round is over when its run's hook was taken in; this much later something bad happens.
const LIFE: Duration = Duration::from_millis(700);
const PATIENCE: Duration = Duration::from_secs(600);
const BEAT: Duration = Duration::from_millis(50);

struct Replica {
    name: usize,
    child: Child,
    at: SocketAddr,
    way: Way,
    log: PathBuf,
}

fn config(forge: SocketAddr, slack: SocketAddr, url: &str) -> String {
    let feeds: String = (0..CHANNELS)
        .map(|n| format!("[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C{n}\"\nrepo = \"acme/r{n}\"\n"))
        .collect();
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[store]\nurl = \"{url}\"\n\
         [github]\napi_url = \"http://{forge}\"\nwebhook_secret = \"{SECRET}\"\ntoken = \"t\"\n[api]\nread_token = \"read-token\"\n\
         [slack]\napi_url = \"http://{slack}/api\"\nbot_token = \"xoxb-double\"\napp_token = \"xapp-double\"\n{feeds}{}",
        people()
    )
}

impl Replica {
    async fn start(dir: &Path, name: usize, config: &str, way: Way) -> Self {
        let (file, log) = (dir.join(format!("{name}.toml")), dir.join(format!("{name}.log")));
        std::fs::write(&file, config).unwrap();
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(&log).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_ci-rescue"))
            .args(["serve", "--config"])
            .arg(&file)
            .current_dir(dir)
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap();
        let at = line.as_deref().and_then(|line| line.split("http://").nth(1)).and_then(|rest| rest.split(',').next());
        let at = at.and_then(|at| at.parse().ok());
        let at = at.unwrap_or_else(|| panic!("replica {name}: {line:?}\n{}", std::fs::read_to_string(&log).unwrap()));
        Self { name, child, at, way, log }
    }

    /// The last epoch in which it began to lead, as its log tells.
    fn epoch(&self) -> u64 {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = text.rsplit_once("this replica leads epoch=").map(|(_, rest)| rest);
        let digits = last.and_then(|rest| rest.split(|c: char| !c.is_ascii_digit()).next());
        digits.and_then(|digits| digits.parse().ok()).unwrap_or(0)
    }

    fn signal(&self, signal: Signal) {
        let pid = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        kill_process(pid.expect("it runs"), signal).unwrap();
    }
}

/// The end of each replica's log.
fn logs(replicas: &[Replica]) -> String {
    let tail = |replica: &Replica| {
        let text = std::fs::read_to_string(&replica.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        format!("--- replica {}\n{}\n", replica.name, lines[lines.len().saturating_sub(60)..].join("\n"))
    };
    replicas.iter().map(tail).collect()
}

/// Who began to lead last, once that is later than an epoch; and when that was.
async fn leader(replicas: &[Replica], after: u64) -> (usize, u64) {
    let found = async {
        loop {
            let last = replicas.iter().map(|replica| (replica.epoch(), replica.name)).max();
            if let Some((epoch, name)) = last.filter(|(epoch, _)| *epoch > after) {
                return (name, epoch);
            }
            tokio::time::sleep(BEAT).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, found).await;
    found.unwrap_or_else(|_| panic!("nobody leads\n{}", logs(replicas)))
}

async fn starts(server: &Server, dir: &Path, forge: SocketAddr, slack: SocketAddr) -> Vec<Replica> {
    let mut replicas = Vec::new();
    for name in 0..REPLICAS {
        let way = Way::to(server).await;
        let config = config(forge, slack, &server.url(way.port));
        replicas.push(Replica::start(dir, name, &config, way).await);
    }
    replicas
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_lose_and_repeat_nothing() {
    let server = super::running!();
    let stop = CancellationToken::new();
    let forge = Forge::new(Arc::new(now), None);
    (0..CHANNELS).for_each(|n| forge.add_repo(&format!("acme/r{n}")));
    let (forge_listener, forge_at) = listener().await;
    tokio::spawn(ci_rescue::server::serve(forge_listener, ci_rescue::demo::router(forge.clone()), stop.clone()));
    let slack = SlackDouble::start(&stop).await;
    let dir = tempfile::tempdir().unwrap();
    forge.latency_ms.store(LATENCY_MS, Ordering::Relaxed);
    slack.latency_ms.store(LATENCY_MS, Ordering::Relaxed);
    let post = Post::default();
    tokio::spawn(carry(post.clone(), forge.clone(), forge_at, stop.clone()));
    let mut replicas = starts(&server, dir.path(), forge_at, slack.at).await;
    let (mut lead, mut epoch) = leader(&replicas, 0).await;
    for round in 0..ROUNDS {
        // Hooks arrive at any of them; clicks go to whoever holds the socket.
        let door = (lead + usize::try_from(round).unwrap()) % REPLICAS;
        *post.target.lock().unwrap() = Some(replicas[door].at);
        forge.start(run_spec(round, format!("acme/r{}", round % CHANNELS)));
        let clicking = tokio::spawn(click(slack.clone()));
        tokio::time::sleep(LIFE).await;
        *post.target.lock().unwrap() = Some(replicas[(lead + 1) % REPLICAS].at);
        let next;
        match round % 3 {
            0 => {
                replicas[lead].signal(Signal::KILL);
                replicas[lead].child.wait().await.unwrap();
                next = leader(&replicas, epoch).await;
                let way = replicas[lead].way.clone();
                let text = config(forge_at, slack.at, &server.url(way.port));
                std::fs::write(&replicas[lead].log, "").unwrap();
                replicas[lead] = Replica::start(dir.path(), lead, &text, way).await;
            }
            1 => {
                replicas[lead].signal(Signal::STOP);
                next = leader(&replicas, epoch).await;
                replicas[lead].signal(Signal::CONT);
            }
            _ => {
                replicas[lead].way.set(Mode::Closed);
                next = leader(&replicas, epoch).await;
                replicas[lead].way.set(Mode::Open);
            }
        }
        (lead, epoch) = next;
        clicking.abort();
    }
    let at = replicas[lead].at;
    *post.target.lock().unwrap() = Some(at);
    let finished = tokio::time::timeout(PATIENCE, come_to_rest(&forge, &slack, &post, at, ROUNDS)).await;
    let (found, status) = (incidents(at).await, get(at, "/api/status").await);
    assert!(finished.is_ok(), "no rest: {}\n{}", unrest(&found, &post, &status), logs(&replicas));
    // Replicas that do not lead tell the same.
    for replica in &replicas {
        let told = incidents(replica.at).await;
        assert_eq!(told.len(), found.len(), "replica {}\n{}", replica.name, logs(&replicas));
    }
    stop.cancel();
    let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| audit(&forge, &slack, &found)));
    if let Err(why) = judged {
        eprintln!("{}", logs(&replicas));
        std::panic::resume_unwind(why);
    }
}
