//! Which channel hears of what.

use super::standing::plain;
use super::surfaces::{Surface, everywhere, say};
use crate::world::{LINT_LOG, NETWORK_LOG, Setup, World, spec};
use serde_json::json;

async fn broken_on(world: &World, branch: &str) {
    broken_by(world, branch, NETWORK_LOG).await;
}

async fn broken_by(world: &World, branch: &str, log: &str) {
    let mut run = spec(log, "success");
    run.branch = branch.into();
    let id = world.forge.start(run);
    world.forge.finish(id);
    world.deliver().await;
}

fn only(feed: &str) -> Setup {
    let config =
        format!("[[subscriptions]]\nplatform = \"slack\"\nchannel = \"C0OTHER\"\nrepo = \"acme/shop\"\n{feed}");
    Setup { config, ..Setup::default() }
}

fn cards_in(world: &World, channel: &str) -> usize {
    world.slack.cards().iter().filter(|card| card.channel == channel).count()
}

#[tokio::test]
async fn the_default_feed_is_the_default_branch() {
    for (feed, branch, want) in [
        ("", "main", 1),
        ("", "topic", 0),
        ("branch = \"*\"\n", "topic", 1),
        ("branch = \"release/*\"\n", "release/1", 1),
        ("branch = \"release/*\"\n", "main", 0),
        ("workflow = \"shop-*\"\n", "main", 1),
        ("workflow = \"deploy\"\n", "main", 0),
        ("conclusion = \"failure\"\n", "main", 1),
        ("conclusion = \"timed_out\"\n", "main", 0),
        ("severity = \"security\"\n", "main", 0),
        ("owner = \"@acme/web\"\n", "main", 0),
    ] {
        let world = World::with(only(feed)).await;
        broken_on(&world, branch).await;
        assert_eq!(cards_in(&world, "C0OTHER"), want, "{feed} {branch}");
        world.end().await;
    }
}

#[tokio::test]
async fn a_muted_channel_gets_no_new_cards_and_loses_nothing() {
    for surface in [Surface::Slack, Surface::Discord] {
        let world = everywhere("").await;
        let cards = |world: &World| match surface {
            Surface::Slack => world.slack.cards().len(),
            _ => world.discord.cards().len(),
        };
        assert_eq!(cards(&world), 1);
        if surface == Surface::Slack {
            say(&world, surface, "ben", "mute", "2h").await;
        } else {
            let (token, value) = world.discord.command("1002", "mute", &[("for", json!("2h"))]);
            world.discord.send(&value).await;
            world.settle().await;
            assert!(world.discord.said(&token).contains("No new cards here until"), "{}", world.discord.said(&token));
        }
        broken_by(&world, "main", LINT_LOG).await;
        assert_eq!(cards(&world), 1, "{surface:?}: no new card");
        // What stands there is kept up to date.
        say(&world, Surface::Console, "ben", "retry", "1").await;
        let shown =
            if surface == Surface::Slack { world.slack.cards()[0].words() } else { world.discord.cards()[0].words() };
        assert!(shown.contains("running"), "{shown}");
        world.clock.advance(2 * 3_600_000 + 1);
        say(&world, Surface::Console, "ben", "retry", "2").await;
        assert_eq!(cards(&world), 2, "{surface:?}: still open, so it has its card now");
        world.end().await;
    }
}

#[tokio::test]
async fn a_channels_grant_makes_responders_and_no_more() {
    let world = World::with(only("role = \"admin\"\n")).await;
    broken_on(&world, "main").await;
    let said = async |text: &str, trigger: &str| {
        let payload = serde_json::json!({"team_id": "T1", "channel_id": "C0OTHER", "user_id": "UEVE", "command": "/rescue", "text": text,
            "response_url": format!("http://{}/response/UEVE", world.slack.at), "trigger_id": trigger});
        world.slack.send("slash_commands", payload).await;
        world.settle().await;
    };
    said("unhold", "g1").await;
    assert!(world.slack.last_whisper().contains("yours is viewer"), "{}", world.slack.last_whisper());
    said("retry 1", "g2").await;
    assert_eq!(world.reruns(), 1);
    world.end().await;
}

/// What others notice later stands in the audit, with who did it and where; what changed nothing does not.
#[tokio::test]
async fn changes_of_a_channel_are_in_the_audit() {
    let world = World::new().await;
    for words in [
        "subscribe acme/shop branch=topic",
        "mute 2h",
        "mute off",
        "digest daily at=09:00",
        "digest",
        "digest off",
        "unsubscribe acme/shop",
        "unsubscribe acme/shop",
        "unsubscribe from=discord:2001",
        "routing reset",
    ] {
        world.slack.command("UADA", words).await;
        world.settle().await;
    }
    let audit = format!("http://{}/api/audit?incident=0&limit=50", world.public_at);
    let found = world.http.get(&audit).bearer_auth("read-token").send().await.unwrap();
    let found: serde_json::Value = found.json().await.unwrap();
    let said = |row: &serde_json::Value| format!("{}: {}", row["by"], plain(row["text"].as_str().unwrap(), 0));
    let told: Vec<String> = found["entries"].as_array().unwrap().iter().rev().map(said).collect();
    insta::assert_snapshot!(told.join("\n"));
    world.end().await;
}
