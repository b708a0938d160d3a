//! Discord's cards and presses; comments on pull requests.

use super::{
    BEAT, LATENCY_MS, Post, Process, audit_runs, carry, counted, get, idle, incidents, lives, now, patience, run_spec,
    unrest, word,
};
use crate::world::discord::{self, DiscordDouble, GUILD};
use crate::world::{SECRET, listener, people};
use ci_rescue::demo::Forge;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

const REPO: &str = "acme/r0";
/// Discord's pace in one channel bounds how many cards end in time.
const ROUNDS: u64 = 25;
/// The first pull request.
const PULL: u64 = 100;

fn config(forge: SocketAddr, discord: SocketAddr, store: &std::path::Path) -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:0\"\n[console]\nlisten = \"127.0.0.1:0\"\n[store]\npath = {:?}\n\
         [github]\napi_url = \"http://{forge}\"\nwebhook_secret = \"{SECRET}\"\ntoken = \"t\"\n[api]\nread_token = \"read-token\"\n\
         [discord]\napi_url = \"http://{discord}/api/v10\"\nbot_token = \"discord-double\"\napplication_id = \"{}\"\nguild_id = \"{GUILD}\"\n\
         [[subscriptions]]\nplatform = \"discord\"\nchannel = \"{}\"\nrepo = \"{REPO}\"\nbranch = \"*\"\n{}",
        store.display().to_string(),
        discord::APPLICATION,
        discord::CHANNEL,
        people()
    )
}

/// The text of our comments, with the pull request's number.
fn ours(forge: &Forge, kind: &str) -> Vec<(u64, String)> {
    let state = forge.lock();
    let all = state.repos[REPO].comments.iter();
    let text = |comment: &Value| comment["body"].as_str().unwrap_or_default().to_owned();
    all.map(|comment| (comment["number"].as_u64().unwrap(), text(comment)))
        .filter(|(_, body)| body.starts_with("<!-- ci-rescue/") && body.contains(kind))
        .collect()
}

/// Everybody who sees a Retry button presses it, twice; and says so once on each pull request.
async fn ask(forge: Forge, discord: DiscordDouble) {
    let mut said = std::collections::BTreeSet::new();
    loop {
        for (number, body) in ours(&forge, "/card -->") {
            if !body.contains("resolved") && said.insert(number) {
                forge.comment(REPO, number, "ben", "/rescue retry");
            }
        }
        for card in discord.cards() {
            if card.button("Retry").is_some() {
                for _ in 0..2 {
                    discord.try_press("1002", &card, "Retry");
                }
            }
        }
        tokio::time::sleep(BEAT * 10).await;
    }
}

async fn come_to_rest(forge: &Forge, discord: &DiscordDouble, post: &Post, at: SocketAddr) {
    let resolved = |words: &str| words.contains("resolved");
    loop {
        let green = forge.lock().runs.values().all(|run| run.conclusion == Some("success"));
        let delivered = post.waiting.lock().unwrap().is_empty();
        let on_discord = discord.cards().iter().all(|card| resolved(&card.words()));
        let on_pulls = ours(forge, "/card -->");
        let told = on_discord && on_pulls.len() as u64 == ROUNDS && on_pulls.iter().all(|(_, body)| resolved(body));
        if green && delivered && told && idle(at).await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn threat_039_kills_repeat_nothing_on_discord_and_on_pull_requests() {
    let stop = CancellationToken::new();
    let forge = Forge::new(Arc::new(now), None);
    forge.add_repo(REPO);
    forge.permit(REPO, "ben", "write");
    let (forge_listener, forge_at) = listener().await;
    tokio::spawn(ci_rescue::server::serve(forge_listener, ci_rescue::demo::router(forge.clone()), stop.clone()));
    let discord = DiscordDouble::start(&stop).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config.toml");
    std::fs::write(&path, config(forge_at, discord.at, &dir.path().join("store"))).unwrap();
    forge.latency_ms.store(LATENCY_MS, Ordering::Relaxed);
    discord.latency_ms.store(LATENCY_MS, Ordering::Relaxed);
    let post = Post::default();
    tokio::spawn(carry(post.clone(), forge.clone(), forge_at, stop.clone()));

    let asking = tokio::spawn(ask(forge.clone(), discord.clone()));
    for (round, life) in (0..ROUNDS).zip(lives()) {
        let process = Process::start(&path).await;
        *post.target.lock().unwrap() = Some(process.at);
        let mut run = run_spec(round, REPO.to_owned());
        (run.branch, run.pull) = (format!("topic-{}", word(round)), Some(PULL + round));
        forge.start(run);
        // Connecting to Discord takes its time.
        tokio::time::sleep(life * 3).await;
        *post.target.lock().unwrap() = None;
        process.kill().await;
    }
    let process = Process::start(&path).await;
    *post.target.lock().unwrap() = Some(process.at);
    let finished = tokio::time::timeout(patience(), come_to_rest(&forge, &discord, &post, process.at)).await;
    let (incidents, status) = (incidents(process.at).await, get(process.at, "/api/status").await);
    asking.abort();
    process.kill().await;
    stop.cancel();
    assert!(finished.is_ok(), "it does not come to rest: {}", unrest(&incidents, &post, &status));
    audit(&forge, &discord, &incidents);
}

fn audit(forge: &Forge, discord: &DiscordDouble, incidents: &[Value]) {
    audit_runs(forge, incidents);
    assert_eq!(incidents.len() as u64, ROUNDS);
    // One comment a pull request, and one answer a command.
    let cards = counted(ours(forge, "/card -->").into_iter().map(|(number, _)| number.to_string()));
    assert_eq!(cards.len() as u64, ROUNDS);
    assert!(cards.values().all(|count| *count == 1), "{cards:?}");
    let first_line = |body: String| body.lines().next().unwrap_or_default().to_owned();
    let answers = counted(ours(forge, "/answer/").into_iter().map(|(_, body)| first_line(body)));
    assert!(answers.values().all(|count| *count == 1), "{answers:?}");
    // One message an incident, its own or a digest's; none twice, in no thread either.
    let titles = counted(discord.cards().iter().map(|card| card.body["nonce"].to_string()));
    assert!(titles.values().all(|count| *count == 1), "{titles:?}");
    let mut unnamed = 0;
    for incident in incidents {
        let number = format!("#{}", incident["id"]);
        let shows = |card: &&discord::Message| {
            card.words().split(|c: char| !(c == '#' || c.is_alphanumeric())).any(|word| word == number)
        };
        let own = discord.cards();
        let own = own.iter().filter(shows).filter(|card| card.button("Why").is_some() || card.button("Show").is_some());
        assert!(own.count() <= 1, "{number} has two cards");
        unnamed += u64::from(!discord.cards().iter().any(|card| shows(&card)));
    }
    // A digest names fifteen, and counts the rest.
    let counted_only: u64 = discord.cards().iter().map(more).sum();
    assert_eq!(unnamed, counted_only, "incidents without a card");
    let notes = discord.messages().into_iter().filter(|message| message.channel != discord::CHANNEL);
    let notes = counted(notes.map(|message| message.body["nonce"].to_string()));
    assert!(notes.values().all(|count| *count == 1), "{notes:?}");
}

/// How many failures a digest counts without a name.
fn more(card: &discord::Message) -> u64 {
    let words = card.words();
    let count = words.split_once(" more. ").and_then(|(before, _)| before.rsplit_once("and "));
    count.and_then(|(_, count)| count.parse().ok()).unwrap_or(0)
}
