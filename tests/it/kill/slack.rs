//! Slack's cards and clicks.

use super::{
    BEAT, End, LATENCY_MS, Post, Process, audit_runs, carry, counted, end, get, idle, incidents, lives, now, patience,
    rounds, run_spec, unrest,
};
use crate::world::slack::{Message, SlackDouble};
use crate::world::{SECRET, listener, people};
use ci_rescue::demo::Forge;
use serde_json::Value;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Channels that share the load: Slack's pace is a message a second and channel.
pub const CHANNELS: u64 = 10;

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
async fn threats_039_040_047_kills_lose_nothing_and_repeat_nothing() {
    let stop = CancellationToken::new();
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

    let mut starved = 0;
    for (round, life) in (0..rounds()).zip(lives()) {
        let process = Process::start(&path).await;
        *post.target.lock().unwrap() = Some(process.at);
        forge.start(run_spec(round, format!("acme/r{}", round % CHANNELS)));
        // Everybody who sees a Retry button presses it, some of them twice.
        let clicking = tokio::spawn(click(slack.clone()));
        if end(round) == End::Starved {
            process.starve();
        }
        tokio::time::sleep(life).await;
        if let End::Paused(pause) = end(round) {
            process.pause(pause).await;
            tokio::time::sleep(life).await;
        }
        *post.target.lock().unwrap() = None;
        starved += u32::from(process.kill().await);
        clicking.abort();
    }
    println!("{starved} rounds ended for want of memory");
    let process = Process::start(&path).await;
    *post.target.lock().unwrap() = Some(process.at);
    let finished = tokio::time::timeout(patience(), come_to_rest(&forge, &slack, &post, process.at, rounds())).await;
    let (incidents, status) = (incidents(process.at).await, get(process.at, "/api/status").await);
    process.kill().await;
    stop.cancel();
    let open = |card: &Message| !card.words().contains("resolved");
    let left: Vec<String> = slack.cards().into_iter().filter(open).map(|card| card.blocks.to_string()).collect();
    assert!(finished.is_ok(), "it does not come to rest: {}\n{}", unrest(&incidents, &post, &status), left.join("\n"));
    audit(&forge, &slack, &incidents);
}

pub async fn click(slack: SlackDouble) {
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
pub async fn come_to_rest(forge: &Forge, slack: &SlackDouble, post: &Post, at: SocketAddr, runs: u64) {
    let clicking = tokio::spawn(click(slack.clone()));
    let mut said = BTreeSet::new();
    loop {
        // A digest has no button: its rows are asked for by name.
        for number in slack.cards().iter().filter(|card| is_digest(card)).flat_map(named) {
            if said.insert(number) {
                slack.command("UBEN", &format!("retry {number}")).await;
            }
        }
        let green = forge.lock().runs.values().all(|run| run.conclusion == Some("success"));
        let delivered = post.waiting.lock().unwrap().is_empty();
        let cards = slack.cards();
        let shown: BTreeSet<u64> = cards.iter().flat_map(named).collect();
        let over = |card: &Message| card.words().contains("resolved") && !card.words().contains("· open");
        let told = shown.len() as u64 + cards.iter().map(unnamed).sum::<u64>() >= runs && cards.iter().all(over);
        if green && delivered && told && idle(at).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    clicking.abort();
}

fn is_digest(card: &Message) -> bool {
    card.words().contains(" more failure")
}

/// The incidents that a card names.
fn named(card: &Message) -> Vec<u64> {
    let words = card.words();
    let parts = words.split(|c: char| !(c == '#' || c.is_alphanumeric()));
    parts.filter_map(|word| word.strip_prefix('#')?.parse().ok()).collect()
}

/// How many a digest counts without a name.
fn unnamed(card: &Message) -> u64 {
    let words = card.words();
    let count = words.split_once(" more. ").and_then(|(before, _)| before.rsplit_once("and "));
    count.and_then(|(_, count)| count.parse().ok()).unwrap_or(0)
}

pub fn audit(forge: &Forge, slack: &SlackDouble, incidents: &[Value]) {
    audit_runs(forge, incidents);
    // No card was posted twice, and none says another thing than its incident.
    let marker = |message: &Message| message.metadata["event_payload"]["marker"].as_str().expect("a marker").to_owned();
    for card in slack.cards() {
        assert!(card.words().contains("resolved"), "{}", card.words());
    }
    let cards = counted(slack.cards().iter().map(marker));
    // Each has a card of its own, or is on a digest, which names fifteen and counts the rest.
    let shown: BTreeSet<u64> = slack.cards().iter().flat_map(named).collect();
    let counted_only: u64 = slack.cards().iter().map(unnamed).sum();
    assert_eq!(shown.len() as u64 + counted_only, incidents.len() as u64);
    assert!(cards.values().all(|count| *count == 1), "{cards:?}");
    // And nothing was said twice in a thread.
    let notes = counted(slack.messages().iter().filter(|message| message.thread_ts.is_some()).map(marker));
    assert!(notes.values().all(|count| *count == 1), "{notes:?}");
}
