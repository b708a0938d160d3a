//! The end: what is under way is finished, and what takes too long is named and left to the next start.

use crate::world::log::capture;
use crate::world::{NETWORK_LOG, SECRET, Setup, World, listener, spec};
use ci_rescue::app::{App, Seats};
use ci_rescue::config;
use ci_rescue::demo::{Held, sign};
use ci_rescue::domain::time::HOUR_MS;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// A running app whose reading of a log the forge holds back.
struct Slow {
    world: World,
    go: Arc<Notify>,
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<Result<(), String>>,
    at: std::net::SocketAddr,
}

impl Slow {
    async fn new(grace: Duration) -> Self {
        let world = World::with(Setup { slack: false, ..Setup::default() }).await;
        let (made, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        world.forge.lock().held.push(Held {
            method: "GET".into(),
            path: "/logs".into(),
            made: Arc::clone(&made),
            go: Arc::clone(&go),
        });
        let config = config::parse(world.text(), &[]).unwrap();
        let app = App::build(&config, world.store.clone(), world.clock.clone(), Seats::Operator, Vec::new(), None);
        let app = app.await.unwrap();
        let (public, at) = listener().await;
        let stop = CancellationToken::new();
        let ended = tokio::spawn(app.run_until(public, None, stop.clone(), grace));
        let id = world.forge.start(spec(NETWORK_LOG, "failure"));
        world.forge.finish(id);
        for hook in world.forge.take_hooks() {
            let body = hook.body.replace("{web}", &format!("http://{}", world.forge_at));
            world.hook(hook.event, &hook.id, &body).await;
        }
        made.notified().await;
        Self { world, go, stop, ended, at }
    }
}

#[tokio::test]
async fn what_is_under_way_is_finished() {
    let slow = Slow::new(Duration::from_secs(3_600)).await;
    slow.stop.cancel();
    // Nobody gets in any more, and yet it has not ended.
    while TcpStream::connect(slow.at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    assert!(!slow.ended.is_finished(), "the forge has not answered");
    slow.go.notify_one();
    slow.ended.await.unwrap().unwrap();
    let counts = slow.world.store.counts().await.unwrap();
    assert!(counts.inbox > 0, "what came of it is on disk: {counts:?}");
    slow.world.end().await;
}

/// GitHub is in the middle of a delivery when the signal comes.
#[tokio::test]
async fn a_request_that_has_begun_is_answered() {
    const BODY: &str = "{\"zen\": \"it works\"}";
    let world = World::with(Setup { slack: false, ..Setup::default() }).await;
    let config = config::parse(world.text(), &[]).unwrap();
    let app = App::build(&config, world.store.clone(), world.clock.clone(), Seats::Operator, Vec::new(), None);
    let (public, at) = listener().await;
    let stop = CancellationToken::new();
    let hour = Duration::from_secs(3_600);
    let ended = tokio::spawn(app.await.unwrap().run_until(public, None, stop.clone(), hour));
    let mut stream = TcpStream::connect(at).await.unwrap();
    let head = format!(
        "POST /webhooks/github HTTP/1.1\r\nhost: it\r\ncontent-type: application/json\r\nx-github-event: ping\r\n\
         x-github-delivery: in-the-middle\r\nx-hub-signature-256: {}\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        sign(SECRET, BODY.as_bytes()),
        BODY.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The server waits for the body.
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    stop.cancel();
    while TcpStream::connect(at).await.is_ok() {
        tokio::task::yield_now().await;
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    assert!(!ended.is_finished(), "somebody waits for an answer");
    stream.write_all(BODY.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 202 ") && answer.to_lowercase().contains("connection: close"), "{answer}");
    ended.await.unwrap().unwrap();
    world.end().await;
}

#[tokio::test]
async fn what_takes_too_long_is_named_and_done_by_the_next_start() {
    let (lines, _guard) = capture("info");
    let mut slow = Slow::new(Duration::ZERO).await;
    slow.stop.cancel();
    (&mut slow.ended).await.unwrap().unwrap();
    let text = lines.text();
    let line =
        text.lines().find(|line| line.contains("stopped before this was done")).unwrap_or_else(|| panic!("{text}"));
    assert!(line.contains("WARN") && line.contains("goes on with it: ") && line.contains("read_log of #1"), "{line}");
    // Whoever starts next takes it over once nobody can be at it any more.
    slow.world.restart().await;
    slow.world.clock.advance(HOUR_MS);
    slow.world.settle().await;
    assert!(slow.world.incident(1).await.headline().is_some(), "the log was read after all");
    slow.go.notify_one();
    slow.world.end().await;
}
