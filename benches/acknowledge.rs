//! How fast deliveries are acknowledged durably, as a ratio to an axum server that only checks the signature.
//!
//! `cargo bench --bench acknowledge`. Client and servers share the machine; each figure is the median of three turns.

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
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
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
                    let n = socket.read(&mut answer).await.expect("an answer");
                    assert!(answer[..n].starts_with(b"HTTP/1.1 202"), "{}", String::from_utf8_lossy(&answer[..n]));
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
    });
}
