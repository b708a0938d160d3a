//! How fast deliveries are acknowledged durably, as a ratio to an axum server that only checks the signature.
//!
//! `cargo bench --bench acknowledge [-- others]`. Client and servers share the machine; each figure is the median of three
//! turns. `others` adds receivers that keep nothing on disk, where Go and npm are installed: one in Go, and a Probot app.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures")]

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use ci_rescue::app::{App, Seats, SystemClock};
use ci_rescue::config;
use ci_rescue::demo::sign;
use ci_rescue::store::{Ledger, Sled};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const SECRET: &str = "bench-secret";
const BODY_BYTES: usize = 9_600;
const TURN: Duration = Duration::from_secs(3);
const TURNS: usize = 3;

/// A `workflow_job` of the usual size.
fn body() -> String {
    let head = r#"{"action":"in_progress","workflow_job":{"id":1,"run_id":1,"run_attempt":1,"workflow_name":"ci","name":"test","head_branch":"main","head_sha":"1a2b3c4d5e6f70819293a4b5c6d7e8f901234567","status":"in_progress","conclusion":null,"steps":["#;
    let tail = r#"{"name":"Run tests","status":"in_progress","conclusion":null}]},"repository":{"full_name":"acme/shop","default_branch":"main"},"sender":{"login":"ben","type":"User"}}"#;
    let step = r#"{"name":"Run actions/checkout@v4 with depth one","status":"completed","conclusion":"success","number":3,"started_at":"2026-01-01T00:00:00Z"},"#;
    let fill = (BODY_BYTES - head.len() - tail.len()) / step.len();
    format!("{head}{}{tail}", step.repeat(fill))
}

async fn check(headers: HeaderMap, body: Bytes) -> StatusCode {
    let given = headers
        .get("x-hub-signature-256")
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.strip_prefix("sha256="))
        .unwrap_or("");
    let code: Vec<u8> =
        (0..given.len() / 2).filter_map(|at| u8::from_str_radix(&given[at * 2..at * 2 + 2], 16).ok()).collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key");
    mac.update(&body);
    if mac.verify_slice(&code).is_ok() { StatusCode::ACCEPTED } else { StatusCode::UNAUTHORIZED }
}

async fn signature_only(stop: &CancellationToken) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let router = Router::new().route("/webhooks/github", post(check));
    tokio::spawn(ci_rescue::server::serve(listener, router, stop.clone()));
    at
}

async fn ours(dir: &std::path::Path, running: bool, stop: &CancellationToken) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let at = listener.local_addr().expect("an address");
    let config = config::parse(&format!("[github]\nwebhook_secret = \"{SECRET}\"\n"), &[]).expect("a configuration");
    let store = Ledger::open(Sled::open(dir).expect("a store")).expect("a ledger");
    let app = App::build(&config, Arc::new(store), Arc::new(SystemClock), Seats::Operator, Vec::new(), None)
        .await
        .expect("an app");
    if running {
        app.engine.run(&TaskTracker::new(), stop);
    }
    tokio::spawn(ci_rescue::server::serve(listener, app.public.clone(), stop.clone()));
    // The engine lives as long as its routes do.
    std::mem::forget(app);
    at
}

/// Reads an answer to its end: it was taken.
async fn whole_answer(socket: &mut TcpStream, answer: &mut [u8]) {
    let mut have = 0;
    loop {
        let n = socket.read(&mut answer[have..]).await.expect("an answer");
        assert!(n > 0, "the connection was closed");
        have += n;
        let text = String::from_utf8_lossy(&answer[..have]);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        assert!(head.starts_with("HTTP/1.1 20"), "{text}");
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().ok())?
        });
        if body.len() >= length.unwrap_or(0_usize) {
            return;
        }
    }
}

/// Requests a second over `connections` kept open, every delivery under an id of its own.
async fn load(at: SocketAddr, connections: usize, ids: &Arc<AtomicU64>) -> f64 {
    let body = body();
    let signature = sign(SECRET, body.as_bytes());
    let begun = Instant::now();
    let tasks: Vec<_> = (0..connections)
        .map(|_| {
            let (body, signature, ids) = (body.clone(), signature.clone(), Arc::clone(ids));
            tokio::spawn(async move {
                let mut socket = TcpStream::connect(at).await.expect("a connection");
                socket.set_nodelay(true).expect("a socket");
                let (mut count, mut answer) = (0_u64, vec![0; 4_096]);
                while begun.elapsed() < TURN {
                    let id = ids.fetch_add(1, Ordering::Relaxed);
                    let request = format!(
                        "POST /webhooks/github HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nx-github-event: workflow_job\r\nx-github-delivery: b-{id}\r\nx-hub-signature-256: {signature}\r\ncontent-length: {}\r\n\r\n{body}",
                        body.len()
                    );
                    socket.write_all(request.as_bytes()).await.expect("a write");
                    whole_answer(&mut socket, &mut answer).await;
                    count += 1;
                }
                count
            })
        })
        .collect();
    let mut count = 0;
    for task in tasks {
        count += task.await.expect("a client");
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

/// A receiver of `benches/others` that runs in `dir`, and its address; `None` where it cannot be had here.
async fn other(dir: &Path, prepare: &str, run: &str) -> Option<(Child, SocketAddr)> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/others");
    let shell = |words: &str| {
        let mut shell = Command::new("sh");
        shell.args(["-ec", words]).current_dir(dir).env("SOURCE", &source).env("WEBHOOK_SECRET", SECRET);
        shell.kill_on_drop(true);
        shell
    };
    let prepared = shell(prepare).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    if !prepared.is_ok_and(|status| status.success()) {
        return None;
    }
    let mut child = shell(&format!("exec {run}")).stdout(Stdio::piped()).spawn().ok()?;
    let line = BufReader::new(child.stdout.take()?).lines().next_line().await.ok()??;
    Some((child, line.parse().ok()?))
}

async fn compare(ids: &Arc<AtomicU64>) {
    const CONNECTIONS: usize = 64;
    for (name, prepare, run) in [
        ("a receiver in Go, in memory", "go build -o receiver \"$SOURCE/receiver.go\"", "./receiver"),
        ("Probot, which keeps nothing", "cp \"$SOURCE/probot.mjs\" . && npm install probot@14", "node probot.mjs"),
    ] {
        let dir = tempfile::tempdir().expect("a directory");
        let Some((mut child, at)) = other(dir.path(), prepare, run).await else {
            println!("{name}: skipped, it cannot be built here");
            continue;
        };
        let (mut theirs, mut ours_on_disk) = (Vec::new(), Vec::new());
        for turn in 0..TURNS {
            let stop = CancellationToken::new();
            theirs.push(load(at, CONNECTIONS, ids).await);
            let store = dir.path().join(format!("store-{turn}"));
            ours_on_disk.push(load(ours(&store, true, &stop).await, CONNECTIONS, ids).await);
            stop.cancel();
        }
        let _ = child.kill().await;
        let (theirs, ours_on_disk) = (median(theirs), median(ours_on_disk));
        println!(
            "{CONNECTIONS:>4} connections: {name} {theirs:>7.0}/s; on disk, with the engine at work {ours_on_disk:>7.0}/s, {:.2} times that",
            ours_on_disk / theirs
        );
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let ids = Arc::new(AtomicU64::new(0));
        println!("deliveries of {} bytes, acknowledged; ratio to checking the signature alone", body().len());
        for connections in [1, 8, 64, 256] {
            let (mut plain, mut durable, mut working) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..TURNS {
                let stop = CancellationToken::new();
                let dir = tempfile::tempdir().expect("a directory");
                plain.push(load(signature_only(&stop).await, connections, &ids).await);
                durable.push(load(ours(&dir.path().join("a"), false, &stop).await, connections, &ids).await);
                working.push(load(ours(&dir.path().join("b"), true, &stop).await, connections, &ids).await);
                stop.cancel();
            }
            let (plain, durable, working) = (median(plain), median(durable), median(working));
            println!(
                "{connections:>4} connections: signature only {plain:>7.0}/s, on disk {durable:>7.0}/s ratio {:.2}, with the engine at work {working:>7.0}/s ratio {:.2}",
                durable / plain,
                working / plain
            );
        }
        if std::env::args().any(|arg| arg == "others") {
            compare(&ids).await;
        }
    });
}
