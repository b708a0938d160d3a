//! 6: the public listener cannot be held without credentials.

use crate::flows::events::job_event;
use crate::world::{SECRET, Setup, World, listener};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::routing::get;
use ci_rescue::demo::sign;
use ci_rescue::server::{Bounds, Front, serve_behind};
use futures::StreamExt;
use reqwest::StatusCode;
use serde_json::json;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Only a hang is longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request whose head says that a body follows.
fn head(path: &str, length: usize, headers: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n"
    )
}

/// The status line of the answer.
async fn status(socket: &mut TcpStream) -> String {
    let mut bytes = vec![0; 64];
    let n = tokio::time::timeout(PATIENCE, socket.read(&mut bytes)).await.expect("an answer").unwrap();
    String::from_utf8_lossy(&bytes[..n]).lines().next().unwrap_or_default().to_owned()
}

struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

#[tokio::test]
async fn strangers_006_who_does_not_take_an_answer_loses_the_connection() {
    let gone = Arc::new(Notify::new());
    let told = Arc::clone(&gone);
    let endless = move || {
        let guard = Dropped(Arc::clone(&told));
        let pieces = futures::stream::repeat(Bytes::from_static(&[b'x'; 8192])).map(move |piece| {
            let _ = &guard;
            Ok::<_, Infallible>(piece)
        });
        async move { Body::from_stream(pieces) }
    };
    let (listener, at) = listener().await;
    let stop = CancellationToken::new();
    let bounds = Bounds { patience: Duration::from_millis(100), ..Bounds::default() };
    let router = Router::new().route("/", get(endless));
    tokio::spawn(serve_behind(listener, router, Front { bounds, ..Front::default() }, stop.clone()));
    let mut holder = TcpStream::connect(at).await.unwrap();
    holder.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    tokio::time::timeout(PATIENCE, gone.notified()).await.expect("the connection is cut");
    drop(holder);
    stop.cancel();
}

/// What somebody does with a connection who only wants to have it.
async fn hold(at: SocketAddr, kind: usize) -> TcpStream {
    let mut socket = TcpStream::connect(at).await.unwrap();
    let forged = format!("x-hub-signature-256: sha256={}\r\n", "0".repeat(64));
    let sent = match kind {
        0 => String::new(),
        1 => "GET /health HTTP/1.1\r\nhost".into(),
        2 => "GET /api/openapi.json HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100),
        3 => head("/webhooks/github", 20 << 20, &forged) + &" ".repeat(1000),
        _ => head("/hooks/ci", 1000, "x-bot-token: wrong\r\n"),
    };
    // It may be cut while we still send.
    let _ = socket.write_all(sent.as_bytes()).await;
    socket
}

/// `CI_RESCUE_HOLDERS` sets how many there are; `just prove` takes as many as once held the program up.
#[tokio::test]
async fn strangers_006_whoever_holds_connections_holds_nobody_up() {
    const PLACES: usize = 16;
    let holders = std::env::var("CI_RESCUE_HOLDERS").ok().and_then(|text| text.parse().ok()).unwrap_or(3 * PLACES);
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let (listener, at) = listener().await;
    let (stop, bounds) = (CancellationToken::new(), Bounds { all: PLACES, of_one: PLACES, ..Bounds::default() });
    let public = world.app.public.clone();
    tokio::spawn(serve_behind(listener, public, Front { bounds, ..Front::default() }, stop.clone()));
    for kind in 0..5 {
        let mut held = Vec::new();
        for _ in 0..holders {
            held.push(hold(at, kind).await);
        }
        let (event, body) = job_event("completed", json!("failure"), 1, 1, &format!("test {kind}"));
        let request = world
            .http
            .post(format!("http://{at}/webhooks/github"))
            .header("content-type", "application/json")
            .header("x-github-event", event)
            .header("x-github-delivery", format!("held-{kind}"))
            .header("x-hub-signature-256", sign(SECRET, body.as_bytes()))
            .body(body);
        let answer = tokio::time::timeout(PATIENCE, request.send()).await.expect("nobody is held up").unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "kind {kind}");
        let health = world.http.get(format!("http://{at}/health")).send();
        assert!(tokio::time::timeout(PATIENCE, health).await.expect("health answers").unwrap().status().is_success());
        drop(held);
    }
    stop.cancel();
    world.end().await;
}

/// The bodies never come: whoever read them first would wait for them.
#[tokio::test]
async fn strangers_006_what_proves_nothing_is_refused_before_its_body_is_read() {
    let world = World::with(Setup { http: true, discord: true, ..Setup::default() }).await;
    let now = ci_rescue::ports::Clock::now(&*world.clock).unix_s();
    let stale = now - 301;
    for (path, headers) in [
        ("/webhooks/github", String::new()),
        ("/webhooks/github", "x-hub-signature-256: sha256=00\r\n".into()),
        ("/webhooks/github", format!("x-hub-signature-256: sha1={}\r\n", "0".repeat(40))),
        ("/slack/events", String::new()),
        ("/slack/commands", format!("x-slack-request-timestamp: {now}\r\n")),
        (
            "/slack/commands",
            format!("x-slack-request-timestamp: {stale}\r\nx-slack-signature: v0={}\r\n", "0".repeat(64)),
        ),
        ("/slack/interactions", format!("x-slack-request-timestamp: {now}\r\nx-slack-signature: v0=zz\r\n")),
        ("/discord/interactions", String::new()),
        ("/discord/interactions", format!("x-signature-timestamp: {now}\r\n")),
        ("/discord/interactions", format!("x-signature-timestamp: {stale}\r\nx-signature-ed25519: 00\r\n")),
        ("/hooks/ci", String::new()),
        ("/hooks/ci", "x-bot-token: wrong\r\n".into()),
        ("/api/remediate/ci-failure", "x-bot-token: read-token\r\n".into()),
        ("/api/classify", String::new()),
        ("/api/history/import", "x-bot-token: read-token\r\n".into()),
        ("/api/history/classify", String::new()),
    ] {
        let mut socket = TcpStream::connect(world.public_at).await.unwrap();
        socket.write_all(head(path, 100_000, &headers).as_bytes()).await.unwrap();
        assert_eq!(status(&mut socket).await, "HTTP/1.1 401 Unauthorized", "{path} {headers}");
    }
    world.end().await;
}
