//! 7: a full disk, and a machine without file descriptors: nothing is lost, it comes back by itself, and it says so once.

use crate::flows::events::job_event;
use crate::world::SECRET;
use ci_rescue::demo::sign;
use reqwest::Client;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

/// Only a hang is longer.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
const BEAT: Duration = Duration::from_millis(50);

/// A small disk of its own, where this account may mount one.
pub(super) struct Disk(pub(super) TempDir);

impl Disk {
    pub(super) async fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=48m", "tmpfs"])
            .arg(dir.path())
            .stderr(Stdio::null())
            .status()
            .await;
        if mount.is_ok_and(|status| status.success()) {
            return Some(Self(dir));
        }
        eprintln!("skipped: this account cannot mount a small disk");
        None
    }

    /// Takes all the room that is left, however small.
    fn fill(&self) -> PathBuf {
        let path = self.0.path().join("filler");
        let mut file = File::create(&path).unwrap();
        for piece in [1 << 20, 4096, 1] {
            let bytes = vec![0; piece];
            while file.write_all(&bytes).is_ok() {}
        }
        path
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

pub(super) struct Program {
    child: Child,
    at: String,
    http: Client,
}

impl Program {
    /// `limit` goes before the program, as to a shell.
    pub(super) async fn start(dir: &Path, store: &Path, limit: &str) -> Self {
        let file = dir.join("ci-rescue.toml");
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\n[store]\npath = \"{}\"\n[github]\napi_url = \"http://127.0.0.1:1\"\n\
             webhook_secret = \"{SECRET}\"\n",
            store.display()
        );
        fs::write(&file, text).unwrap();
        let mut child = Command::new("sh")
            .args(["-c", &format!("{limit} exec \"$0\" serve --config \"$1\""), env!("CARGO_BIN_EXE_ci-rescue")])
            .arg(&file)
            .env_remove("RUST_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().expect("it says where it listens");
        let at = line.split("http://").nth(1).unwrap().split(',').next().unwrap().trim().to_owned();
        // A connection that idles here may be closed there, just as the next request goes out on it.
        let http = Client::builder().pool_max_idle_per_host(0).build().unwrap();
        Self { child, at, http }
    }

    /// The status of a delivery, and whether it was there already.
    pub(super) async fn deliver(&self, n: u32) -> (u16, bool) {
        // Long enough that a few need room of their own.
        let (event, body) =
            job_event("completed", json!("failure"), u64::from(n), 1, &format!("{n} {}", "x".repeat(8000)));
        let request = self.http.post(format!("http://{}/webhooks/github", self.at));
        let answer = request
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", format!("full-{n}"))
            .header("x-hub-signature-256", sign(SECRET, body.as_bytes()))
            .body(body)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let told: Value = answer.json().await.unwrap();
        (status, told["duplicate"] == true)
    }

    async fn probe(&self, path: &str) -> u16 {
        self.http.get(format!("http://{}{path}", self.at)).send().await.unwrap().status().as_u16()
    }

    /// Until both probes say this.
    pub(super) async fn until(&self, status: u16) {
        let wait = async {
            while self.probe("/health").await != status || self.probe("/ready").await != status {
                tokio::time::sleep(BEAT).await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("the probes never said {status}"));
    }

    /// Sends it this signal.
    pub(super) async fn signal(&self, name: &str) {
        let id = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args([name, &id]).status().await.unwrap().success());
    }

    pub(super) async fn stop(mut self) -> String {
        let id = self.child.id().unwrap().to_string();
        Command::new("kill").arg(&id).status().await.unwrap();
        let mut text = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut text).await.unwrap();
        assert!(self.child.wait().await.unwrap().success(), "{text}");
        text
    }
}

#[tokio::test]
async fn strangers_007_a_full_disk_passes_by_itself() {
    let Some(disk) = Disk::mount().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = disk.0.path().join("store");
    let program = Program::start(dir.path(), &store, "").await;
    let mut kept = Vec::new();
    let mut n = 0;
    let mut next = || {
        n += 1;
        n
    };
    program.until(200).await;
    for round in 0..2 {
        kept.extend([next(), next()]);
        for n in &kept[kept.len() - 2..] {
            assert_eq!(program.deliver(*n).await, (202, false), "round {round}");
        }
        let filler = disk.fill();
        program.until(503).await;
        // What still fits may be taken; then nothing is.
        let mut refused = 0;
        while refused < 20 {
            let n = next();
            match program.deliver(n).await.0 {
                202 => kept.push(n),
                503 => refused += 1,
                other => panic!("{other}"),
            }
        }
        fs::remove_file(filler).unwrap();
        program.until(200).await;
        let n = next();
        assert_eq!(program.deliver(n).await, (202, false), "round {round}: there is room again");
        kept.push(n);
    }
    for n in &kept {
        assert_eq!(program.deliver(*n).await, (202, true), "{n} was acknowledged");
    }
    let log = program.stop().await;
    let lines = log.lines().filter(|line| line.contains("ERROR") && line.contains("the store failed"));
    assert!((1..=2).contains(&lines.count()), "one line each time it is full:\n{log}");
    // What was kept is there after a restart, too.
    let program = Program::start(dir.path(), &store, "").await;
    for n in &kept {
        assert_eq!(program.deliver(*n).await, (202, true), "{n} was acknowledged");
    }
    program.stop().await;
}

#[tokio::test]
async fn strangers_007_without_file_descriptors_it_serves_and_says_so_once() {
    let dir = tempfile::tempdir().unwrap();
    let program = Program::start(dir.path(), &dir.path().join("store"), "ulimit -n 64;").await;
    let mut held = Vec::new();
    for n in 0..200 {
        held.push(TcpStream::connect(&program.at).await.unwrap());
        if n % 50 == 49 {
            assert_eq!(program.deliver(n).await, (202, false));
        }
    }
    program.until(200).await;
    drop(held);
    let log = program.stop().await;
    assert!(log.matches("could not accept a connection").count() <= 1, "{log}");
    let told = log.lines().filter(|line| line.contains("ERROR") || line.contains("WARN"));
    assert!(told.clone().count() <= 2, "GitHub cannot be reached, and descriptors are few:\n{log}");
}

/// Threat 104: memory holds tokens and keys.
#[tokio::test]
async fn threat_104_a_crash_leaves_no_core_dump() {
    let dir = tempfile::tempdir().unwrap();
    // Where this account may have one at all.
    let limit = format!("(ulimit -c unlimited) 2> /dev/null && ulimit -c unlimited; cd '{}';", dir.path().display());
    let mut program = Program::start(dir.path(), &dir.path().join("store"), &limit).await;
    let id = program.child.id().unwrap();
    let limits = fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    program.signal("-ABRT").await;
    let ended = program.child.wait().await.unwrap();
    assert_eq!((ended.signal(), ended.core_dumped()), (Some(6), false));
}
