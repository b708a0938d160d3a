//! How it went: the same figures in chat, on the console and as metrics; the weekly review; what is learned of known
//! issues, and proposed for what recurs.

use crate::world::{NETWORK_LOG, Setup, World, spec};
use ci_rescue::domain::time::DAY_MS;
use ci_rescue::ports::Clock;
use serde_json::json;
use std::collections::BTreeSet;

/// A failure that nobody knows: a line of its own, at a commit of its own.
pub const UNKNOWN_LOG: &str = "##[group]Run make pack\nfatal: the widget <b>spool</b> \"A\" refused to wind\n##[error]Process completed with exit code 3.\n";

/// From the worlds' first noon, a Thursday, until after Monday at eight.
pub const TO_MONDAY_MS: i64 = 4 * DAY_MS;

pub async fn broken(world: &World, log: &str, n: u64, branch: &str) -> u64 {
    let mut run = spec(log, "success");
    run.branch = branch.into();
    run.sha = format!("{n:040x}");
    let id = world.forge.start(run);
    world.deliver().await;
    world.forge.finish(id);
    world.deliver().await;
    id
}

/// Re-runs an incident and lets it go green.
pub async fn retry(world: &World, no: u64) {
    world.slack.command("UBEN", &format!("retry {no}")).await;
    world.settle().await;
    finish(world).await;
}

pub async fn finish(world: &World) {
    world.deliver().await;
    world.forge.going().into_iter().for_each(|going| world.forge.finish(going));
    world.deliver().await;
    world.settle().await;
}

async fn metrics(world: &World) -> String {
    let url = format!("http://{}/metrics", world.private_at);
    world.http.get(url).send().await.unwrap().text().await.unwrap()
}

fn reviews(world: &World) -> Vec<String> {
    let messages = world.slack.messages();
    messages.iter().map(|message| message.text.clone()).filter(|text| text.contains("automatic act")).collect()
}

#[tokio::test]
async fn chat_console_and_metrics_say_the_same() {
    let world = World::new().await;
    broken(&world, NETWORK_LOG, 1, "main").await;
    world.clock.advance(600_000);
    retry(&world, 1).await;
    world.slack.command("UBEN", "stats").await;
    world.settle().await;
    let said = world.slack.last_whisper();
    assert!(said.contains("1 incident, 0 open") && said.contains("retries: 1 of 1 made it green"), "{said}");
    assert!(said.contains("default branches: 100 % of 1 build green"), "{said}");
    let page = world.sit("ada").await.page("/statistics").await;
    for words in ["100 % of 1", "Green builds by week", "Time to green by week", "Brier score", "retry done: 1"] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(page.contains("<svg") && page.contains("role=\"img\""), "{page}");
    // Gauges are kept for minutes: these are the first.
    let shown = metrics(&world).await;
    assert!(shown.contains("ci_rescue_acknowledge_seconds_bucket"), "{shown}");
    // Other worlds of this process may have measured since; what is told there is told in their numbers.
    assert!(shown.contains("# TYPE ci_rescue_green_builds_ratio gauge"), "{shown}");
    let described = include_str!("../../../src/app/metrics.rs");
    let names: BTreeSet<&str> =
        shown.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert!(names.len() > 20, "{names:?}");
    for name in names {
        assert!(described.contains(&format!("\"{name}\"")), "{name} is not described");
    }
    world.end().await;
}

#[tokio::test]
async fn the_week_is_reviewed_once_and_only_where_something_was_done() {
    let config = "[policy]\nmode = \"act\"\n".to_owned();
    let world = World::with(Setup { config: config.clone(), ..Setup::default() }).await;
    broken(&world, NETWORK_LOG, 1, "main").await;
    world.clock.advance(3_600_000);
    world.settle().await;
    finish(&world).await;
    assert_eq!(world.reruns(), 1, "the bot retried by itself");
    assert!(reviews(&world).is_empty(), "the week is not over");
    // The answer to the post is lost: it is looked for, not repeated.
    world.slack.fault("chat.postMessage", 500, json!({"ok": false, "error": "internal_error"}), true);
    world.clock.advance(TO_MONDAY_MS);
    world.settle().await;
    world.clock.advance(600_000);
    world.settle().await;
    let said = reviews(&world);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("1 automatic act of CI Rescue, 2026-01-01 to 2026-01-05"), "{said:?}");
    assert!(said[0].contains("#1 acme/shop: retry, passed"), "{said:?}");
    // A week in which nothing was done, and nothing is told; then one in which something was.
    world.clock.advance(7 * DAY_MS);
    world.settle().await;
    assert_eq!(reviews(&world).len(), 1);
    broken(&world, NETWORK_LOG, 2, "main").await;
    world.clock.advance(3_600_000);
    world.settle().await;
    finish(&world).await;
    world.clock.advance(7 * DAY_MS);
    world.settle().await;
    assert_eq!(reviews(&world).len(), 2, "{:?}", reviews(&world));
    let (store, now) = (world.store.clone(), Clock::now(&*world.clock));
    world.end().await;
    // After a restart on that Monday nothing is told again, and the timer of the next one stands.
    let again = World::on(Setup { config, ..Setup::default() }, store).await;
    again.clock.advance(now.ms_since(Clock::now(&*again.clock)));
    again.settle().await;
    assert!(reviews(&again).is_empty(), "{:?}", reviews(&again));
    let due = again.store.due_timers(now.plus_ms(7 * DAY_MS), 100).await.unwrap();
    assert_eq!(due.iter().filter(|timer| timer.key == "review").count(), 1, "{due:?}");
    again.end().await;
}

#[tokio::test]
async fn a_channel_that_is_muted_or_saw_nothing_gets_no_review() {
    let config = "[policy]\nmode = \"act\"\n[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0OTHER\"\nrepo = \"acme/other\"\n";
    let world = World::with(Setup { config: config.into(), ..Setup::default() }).await;
    broken(&world, NETWORK_LOG, 1, "main").await;
    world.clock.advance(3_600_000);
    world.settle().await;
    finish(&world).await;
    world.slack.command("UBEN", "mute 6d").await;
    world.settle().await;
    world.clock.advance(TO_MONDAY_MS);
    world.settle().await;
    assert!(reviews(&world).is_empty(), "{:?}", reviews(&world));
    world.end().await;
}

#[tokio::test]
async fn a_known_issue_says_how_it_fared() {
    let world = World::new().await;
    broken(&world, NETWORK_LOG, 1, "main").await;
    let advice = |incident: &ci_rescue::domain::incident::Incident| incident.headline().unwrap().advice.clone();
    let first = world.incident(1).await;
    assert_eq!(advice(&first).expect("a known issue").track.seen, 0);
    retry(&world, 1).await;
    world.clock.advance(DAY_MS);
    broken(&world, NETWORK_LOG, 2, "main").await;
    let second = world.incident(2).await;
    let track = advice(&second).unwrap().track;
    assert_eq!((track.seen, track.tried, track.held), (1, 1, 1));
    assert!(second.headline().unwrap().confidence > first.headline().unwrap().confidence);
    let card = world.slack.cards().last().unwrap().words();
    assert!(card.contains("seen once, its fix held once"), "{card}");
    // A person says that it was something else: that speaks against the issue, and is counted once.
    world.slack.command("UBEN", "wrong 2 deterministic").await;
    world.settle().await;
    world.clock.advance(DAY_MS);
    broken(&world, NETWORK_LOG, 3, "main").await;
    let third = world.incident(3).await;
    let track = advice(&third).unwrap().track;
    assert_eq!((track.seen, track.tried, track.held), (2, 2, 1));
    assert!(third.headline().unwrap().confidence < second.headline().unwrap().confidence);
    world.slack.command("UBEN", "why 3").await;
    world.settle().await;
    assert!(
        world.slack.last_whisper().contains("seen 2 times, its fix held 1 of 2 times"),
        "{}",
        world.slack.last_whisper()
    );
    let page = world.sit("ada").await.page("/statistics").await;
    let issue = third.headline().unwrap().known_issue.clone().unwrap();
    assert!(page.contains(&format!("<th scope=\"row\">{issue}</th>")), "{page}");
    world.end().await;
}

#[tokio::test]
async fn what_recurs_and_no_rule_knows_is_proposed_and_not_active() {
    let world = World::new().await;
    for n in 1..=3 {
        let seat = world.sit("ada").await;
        assert!(!seat.page("/statistics").await.contains("no rule knows"), "after {} times", n - 1);
        broken(&world, UNKNOWN_LOG, n, &format!("topic-{n}")).await;
        world.clock.advance(3_600_000);
    }
    assert_eq!(world.incidents().await.len(), 3);
    let seat = world.sit("ada").await;
    let page = seat.page("/statistics").await;
    assert!(page.contains("3 times in seven days, last in"), "{page}");
    assert!(!page.contains("<b>spool"), "what logs bring is escaped");
    let rows = seat.page("/statistics/proposed.toml").await;
    let file: toml::Value = toml::from_str(&rows).unwrap();
    let issue = &file["issue"][0];
    let example = issue["example"].as_str().unwrap();
    assert!(example.contains("the widget <b>spool</b> \"A\" refused to wind"), "{example}");
    assert!(regex::Regex::new(issue["pattern"].as_str().unwrap()).unwrap().is_match(example), "{rows}");
    world.slack.command("UBEN", "stats").await;
    world.settle().await;
    assert!(
        world.slack.last_whisper().contains("1 failure recurs that no rule knows"),
        "{}",
        world.slack.last_whisper()
    );
    // Proposed is not active.
    broken(&world, UNKNOWN_LOG, 9, "topic-9").await;
    assert_eq!(world.incident(4).await.headline().unwrap().known_issue, None);
    world.end().await;
}
