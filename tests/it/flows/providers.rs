//! Outages of providers: a card says so, and what the bot would do by itself waits until they are over.

use crate::world::{NETWORK_LOG, Setup, World};
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use std::sync::{Arc, Mutex};

const MINUTE: i64 = 60_000;
pub const OPEN: &str =
    r#"{"incidents": [{"name": "Actions is <!channel> degraded", "status": "investigating", "impact": "major"}]}"#;
const WELL: &str = r#"{"incidents": []}"#;

/// A status page that says what is put here; nothing: it is down.
pub type Said = Arc<Mutex<&'static str>>;

pub async fn page(said: &Said) -> std::net::SocketAddr {
    let answer = |State(said): State<Said>| async move {
        let said = *said.lock().unwrap();
        let status = if said.is_empty() { StatusCode::BAD_GATEWAY } else { StatusCode::OK };
        (status, said)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let app = Router::new().route("/api/v2/summary.json", get(answer)).with_state(Arc::clone(said));
    tokio::spawn(async move { axum::serve(listener, app).await });
    at
}

async fn world(said: &Said) -> World {
    let at = page(said).await;
    let config = format!(
        "[policy]\nmode = \"act\"\n[[providers]]\nname = \"GitHub\"\nurl = \"http://{at}/api/v2/summary.json\"\n"
    );
    World::with(Setup { config, ..Setup::default() }).await
}

/// Time goes by, and the status page is looked at.
pub async fn wait(world: &World, minutes: i64) {
    for _ in 0..minutes / 5 {
        world.clock.advance(5 * MINUTE);
        world.app.engine.look_at_providers().await.unwrap();
        world.settle().await;
    }
}

#[tokio::test]
async fn a_card_tells_of_the_outage_and_the_automatic_retry_waits_for_its_end() {
    let said: Said = Arc::new(Mutex::new(OPEN));
    let world = world(&said).await;
    wait(&world, 5).await;
    world.broken_run(NETWORK_LOG, "success").await;
    let card = world.slack.cards()[0].blocks.to_string();
    assert!(card.contains("Opened while GitHub reported “Actions is") && card.contains("(major)"), "{card}");
    assert!(!card.contains("<!channel>"), "{card}");
    wait(&world, 60).await;
    assert_eq!(world.reruns(), 0, "the outage lasts");
    let why = world.sit("ada").await.say(&world, "why 1").await;
    assert!(why.contains("Opened while GitHub reported"), "{why}");
    *said.lock().unwrap() = WELL;
    wait(&world, 20).await;
    assert_eq!(world.reruns(), 1, "it is over");
    world.end().await;
}

#[tokio::test]
async fn people_retry_all_the_same() {
    let said: Said = Arc::new(Mutex::new(OPEN));
    let world = world(&said).await;
    wait(&world, 5).await;
    world.broken_run(NETWORK_LOG, "success").await;
    world.slack.command("UBEN", "retry 1").await;
    world.settle().await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

#[tokio::test]
async fn a_page_that_is_down_says_nothing_for_long() {
    let said: Said = Arc::new(Mutex::new(OPEN));
    let world = world(&said).await;
    wait(&world, 5).await;
    *said.lock().unwrap() = "";
    world.broken_run(NETWORK_LOG, "success").await;
    wait(&world, 30).await;
    assert_eq!(world.reruns(), 0, "what was last known counts for an hour");
    wait(&world, 60).await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}
